#include "measurements.hpp"
#include "routine.hpp"
#include "side_server.hpp"

#include <nullworker/base/child_process.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/wire/routing.hpp>

#include <cstdlib>
#include <fstream>

namespace nullworker::bench {
namespace {

constexpr int warm_up = 50;
constexpr int counted = 500;

// Reads what callgrind has counted in a process since it was asked last.
class counter {
public:
    // Of the processes that a stage has counted, each has a file of its own.
    counter(stage& on, std::string_view name)
        : x_file(on.options().scratch + "/callgrind-" + std::string(name)) {}

    [[nodiscard]] std::vector<std::string> tool() const {
        return {"valgrind", "--quiet", "--tool=callgrind", "--callgrind-out-file=" + x_file};
    }

    [[nodiscard]] asio::awaitable<double> since_last(pid_t process) {
        std::string line = "exec vgdb --pid=" + std::to_string(process) + " dump";
        const auto ended = co_await run_shell(std::move(line));
        if (!ended || ended->code != 0)
            throw bench_error("vgdb failed: " + (ended ? ended->described() : ended.error().message()));
        const auto name = x_file + "." + std::to_string(++x_dumps);
        std::ifstream dump(name);
        constexpr std::string_view totals = "totals: ";
        for (std::string text; std::getline(dump, text);)
            if (text.starts_with(totals))
                co_return std::strtod(text.c_str() + totals.size(), nullptr);
        throw bench_error("callgrind wrote no totals into " + name);
    }

private:
    std::string x_file;
    int x_dumps = 0;
};

struct question {
    const char* row;
    std::string url;
    std::string body;
    unsigned status;
};

asio::awaitable<void> ask(net::http_client& client, const question& what, int times) {
    for (int i = 0; i < times; ++i) {
        net::call request{
            .method = net::verb::post, .target = parse_url(what.url).value(), .body = what.body};
        const auto answer = co_await client.send(std::move(request));
        if (!answer || answer->status != what.status)
            throw bench_error(what.url + ": " +
                              (answer ? net::described_status(*answer) : answer.error().message()));
    }
}

// Thousand instructions that `process` takes for each of the questions.
asio::awaitable<void> count(stage& on, counter& by, side who, pid_t process,
                            std::vector<question> questions) {
    net::http_client client(on.executor(), {std::make_shared<net::tls_trust>()});
    for (const auto& each : questions) {
        co_await ask(client, each, warm_up);
        const double ignored = co_await by.since_last(process);
        static_cast<void>(ignored);
        co_await ask(client, each, counted);
        const double spent = co_await by.since_last(process);
        on.book().add(each.row, who, spent / counted / 1000);
    }
}

asio::awaitable<void> count_worker(stage& on, side who) {
    counter by(on, name_of(who));
    const auto worker = on.worker(who, by.tool());
    worker->be_patient();
    const seconds ignored = co_await worker->start();
    static_cast<void>(ignored);
    const auto session = co_await worker->create(long_lifetime);
    const auto own = worker->url();
    const auto body = wire::session_body(session.id, session.grant);
    std::vector<question> questions = {
        {"instructions-get", own + "/session/get", body, 200},
        {"instructions-session-ping", own + "/ping", wire::ping_body(session.id, session.grant), 200},
        {"instructions-ping", own + "/ping", lone_ping(session.grant), 200},
        {"instructions-404", own + "/session/nothing", body, 404},
    };
    co_await count(on, by, who, worker->pid(), std::move(questions));
    const seconds stopped = co_await worker->stop();
    static_cast<void>(stopped);
}

asio::awaitable<void> count_beast(stage& on) {
    counter by(on, name_of(side::beast));
    const auto server = beast(on, by.tool());
    co_await server->start();
    const wire::json_value grant = on.autoscaler().grant(server->url(), 1);
    const auto body = wire::session_body("0123456789abc", grant);
    std::vector<question> questions = {{"instructions-get", server->url() + "/session/get", body, 200}};
    co_await count(on, by, side::beast, server->pid(), std::move(questions));
    co_await server->stop();
}

}  // namespace

// Once: the figures are the same in each round.
asio::awaitable<void> instructions(stage& on) {
    for (const side who : {side::kept, side::bare})
        co_await count_worker(on, who);
    co_await count_beast(on);
}

}  // namespace nullworker::bench
