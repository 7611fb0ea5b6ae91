// What `nullworker follow` costs that holds thousands of sessions: one line of JSON. This program plays the
// autoscaler and all workers.
#include "simulated_endpoint.hpp"

#include <nullworker/base/child_process.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/file.hpp>
#include <nullworker/base/wakeup.hpp>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace nullworker::bench {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

struct wish {
    std::string client = "nullworker";
    std::size_t sessions = 5000;
    double held_for = 60;
    std::uint16_t port = 0;
    bool tls = false;
    std::string more;  // options of follow
};

struct cost {
    double own = 0;       // seconds of CPU
    double children = 0;  // of the commands of --depth that have ended
    double dirty = 0;     // KiB
    std::size_t descriptors = 0;
};

cost cost_of(pid_t process) {
    const auto folder = "/proc/" + std::to_string(process);
    const auto tick = static_cast<double>(::sysconf(_SC_CLK_TCK));
    cost out;
    std::ifstream stat(folder + "/stat");
    std::string line;
    std::getline(stat, line);
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string skipped;
    for (int field = 3; field < 14; ++field)
        fields >> skipped;
    double user = 0, system = 0, of_user = 0, of_system = 0;
    fields >> user >> system >> of_user >> of_system;
    out.own = (user + system) / tick;
    out.children = (of_user + of_system) / tick;
    std::ifstream memory(folder + "/smaps_rollup");
    while (std::getline(memory, line))
        if (line.starts_with("Private_Dirty:"))
            out.dirty = std::stod(line.substr(line.find(':') + 1));
    for (const auto& entry : std::filesystem::directory_iterator(folder + "/fd"))
        out.descriptors += entry.exists() ? 1 : 0;
    return out;
}

class trial {
public:
    trial(asio::any_io_executor executor, wish wanted)
        : x_executor(executor),
          x_wanted(std::move(wanted)),
          x_endpoint(executor, x_wanted.sessions, x_wanted.port, x_wanted.tls ? speech::https : speech::http),
          x_news(executor) {
        x_endpoint.on_change([this] { x_news.ring(); });
    }

    asio::awaitable<int> run() {
        say_depth(0);
        child_process client(x_executor, {.command = command()});
        const auto& counted = x_endpoint.counted();
        while (counted.lists < 2)
            co_await x_news.wait();
        const auto before = cost_of(client.id());
        const auto begun = steady::now();
        say_depth(x_wanted.sessions);
        while (x_endpoint.held() < x_wanted.sessions)
            co_await x_news.wait();
        const auto opened = cost_of(client.id());
        const seconds opening = steady::now() - begun;
        co_await sleep_for(5s);  // what was begun ends
        const auto first = cost_of(client.id());
        const auto looks = counted.looks;
        const auto from = steady::now();
        co_await sleep_for(to_ticks(seconds(x_wanted.held_for)));
        const auto last = cost_of(client.id());
        const seconds span = steady::now() - from;
        const auto looked = counted.looks - looks;
        const auto held = x_endpoint.held();
        const auto parting = steady::now();
        client.signal(SIGTERM);
        const int code = co_await client.wait();
        const auto n = static_cast<double>(x_wanted.sessions);
        std::printf(
            "{\"row\":\"hold_many\",\"tls\":%s,\"sessions\":%zu,\"open_s\":%.2f,\"open_cpu_s\":%.2f,"
            "\"held\":%zu,\"lost\":%llu,\"cpu_ms_per_session_minute\":%.3f,"
            "\"depth_cpu_ms_per_session_minute\":%.3f,\"looks_per_s\":%.1f,"
            "\"dirty_kib_per_session\":%.2f,\"dirty_kib_before\":%.0f,\"dirty_kib\":%.0f,"
            "\"descriptors\":%zu,\"close_s\":%.2f,\"exit\":%d}\n",
            x_wanted.tls ? "true" : "false", x_wanted.sessions, opening.count(), opened.own - before.own,
            held, static_cast<unsigned long long>(counted.lost),
            (last.own - first.own) * 1000 / n / span.count() * 60,
            (last.children - first.children) * 1000 / n / span.count() * 60,
            static_cast<double>(looked) / span.count(), (last.dirty - before.dirty) / n, before.dirty,
            last.dirty, last.descriptors, seconds(steady::now() - parting).count(), code);
        co_await x_endpoint.stop();
        std::error_code ignored;
        std::filesystem::remove_all(x_folder, ignored);
        co_return code;
    }

private:
    void say_depth(std::size_t jobs) {
        std::ofstream(x_folder + "/new") << jobs << '\n';
        std::filesystem::rename(x_folder + "/new", x_folder + "/depth");
    }

    [[nodiscard]] std::vector<std::string> command() const {
        std::ofstream(x_folder + "/roots.pem") << x_endpoint.root_pem();
        const auto roots = x_wanted.tls ? "SSL_CERT_FILE=" + x_folder + "/roots.pem " : std::string();
        return {"/bin/sh", "-c",
                roots + "exec " + x_wanted.client + " follow --max " + std::to_string(x_wanted.sessions) +
                    " --depth 'read -r n < " + x_folder + "/depth && echo $n' --endpoint " +
                    simulated_endpoint::name + " --api-key account-key --autoscaler-url " +
                    x_endpoint.origin() + " --console-url " + x_endpoint.origin() +
                    " --route-rate 100000 --state " + x_folder + "/state " + x_wanted.more + " > " +
                    x_folder + "/out 2>&1"};
    }

    asio::any_io_executor x_executor;
    wish x_wanted;
    std::string x_folder = [] {
        auto text = (std::filesystem::temp_directory_path() / "hold-many-XXXXXX").string();
        return std::string(::mkdtemp(text.data()));
    }();
    simulated_endpoint x_endpoint;
    wakeup x_news;
};

// This side needs a descriptor for each session, and so does the other one, which inherits the limit.
void raise_descriptors() {
    rlimit limit{};
    (void)::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace
}  // namespace nullworker::bench

int main(int argc, char** argv) {
    using namespace nullworker;
    bench::wish wanted;
    CLI::App app("What `nullworker follow` costs that holds many sessions");
    app.add_option("--client", wanted.client, "The program that is measured");
    app.add_option("--sessions", wanted.sessions, "How many it holds");
    app.add_option("--seconds", wanted.held_for, "How long they are held while that is measured");
    app.add_option("--port", wanted.port, "Where all the others listen; 0: any free one");
    app.add_flag("--tls", wanted.tls, "Everything over TLS");
    app.add_option("--more", wanted.more, "More options of follow");
    CLI11_PARSE(app, argc, argv);
    bench::raise_descriptors();
    asio::io_context context(1);
    bench::trial one(context.get_executor(), wanted);
    int code = 1;
    asio::co_spawn(context, one.run(), [&](std::exception_ptr thrown, int returned) {
        if (thrown)
            std::rethrow_exception(thrown);
        code = returned;
    });
    context.run();
    return code;
}
