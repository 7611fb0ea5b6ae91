#include "measurements.hpp"
#include "table.hpp"

#include <nullworker/base/program_start.hpp>
#include <vast/venue.hpp>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <sys/resource.h>

namespace {

using namespace nullworker;
using namespace nullworker::bench;

constexpr const char* description =
    "Measures nullworkerd, a real process on loopback, against a scripted autoscaler in this program.\n"
    "Exits 1 when a target is missed, 2 when something cannot be measured.";

constexpr const char* notes =
    "Ready, change and completion are taken as the autoscaler sees them: when the message has arrived. A\n"
    "change counts from the sending of its request, and comes after a quiet time, since reports are paced\n"
    "(100 ms apart at least). The bench shares the machine with the worker.\n";

constexpr int exit_missed = 1;
constexpr int exit_failed = 2;

struct bench_options {
    std::string worker;          // empty: the nullworkerd beside this program
    std::string compare;         // empty: nothing
    std::uint16_t port = 26000;  // below those that systems give to outgoing connections
    effort amount;
    int soak = 0;  // 0: the measurements instead
};

// A worker that takes seconds where nullworkerd takes milliseconds is measured less often.
effort reduced(effort amount) {
    amount.starts = std::min(amount.starts, 3);
    amount.changes = std::min(amount.changes, 40);
    amount.expiries = std::min(amount.expiries, 5);
    amount.cycles = std::min(amount.cycles, 2000);
    amount.health_requests = std::min(amount.health_requests, 2000);
    amount.crowd = 0;
    amount.state_dir.clear();
    amount.start_limit = std::chrono::seconds(60);
    amount.spread = std::chrono::seconds(1);
    return amount;
}

// Runs `work` to its end, then `cleanup`, then lets a bench_error of the first go on.
template <class T>
asio::awaitable<T> tidily(asio::awaitable<T> work, asio::awaitable<void> cleanup) {
    std::exception_ptr failure;
    T out{};
    try {
        out = co_await std::move(work);
    } catch (const bench_error&) {
        failure = std::current_exception();
    }
    co_await std::move(cleanup);
    if (failure)
        std::rethrow_exception(failure);
    co_return out;
}

asio::awaitable<figures> examine(asio::any_io_executor executor, scripted_autoscaler& autoscaler,
                                 std::vector<std::string> command, std::string name, std::uint16_t port,
                                 effort amount) {
    subject worker(executor, autoscaler, std::move(command), port);
    std::function<void(const std::string&)> say = [name](const std::string& what) {
        std::cerr << name << ": " << what << std::endl;
    };
    auto work = measure_all(executor, worker, autoscaler, amount, std::move(say));
    auto cleanup = worker.stop();
    const auto out = co_await tidily(std::move(work), std::move(cleanup));
    co_return out;
}

std::optional<double> size_mib(const std::string& program) {
    std::error_code ec;
    const auto bytes = std::filesystem::file_size(program, ec);
    if (ec)
        return std::nullopt;
    return static_cast<double>(bytes) / (1024 * 1024);
}

asio::awaitable<int> compare(asio::any_io_executor executor, scripted_autoscaler& autoscaler,
                             const bench_options& options) {
    auto command = client::default_worker_command();
    if (!options.worker.empty())
        command = {options.worker};
    const auto size = size_mib(command.front());
    const auto ours =
        co_await examine(executor, autoscaler, command, "nullworkerd", options.port, options.amount);
    std::optional<figures> other;
    if (!options.compare.empty()) {
        // Its memory is measured, not that of a shell.
        std::vector<std::string> rival = {"/bin/sh", "-c", "exec " + options.compare};
        const auto amount = reduced(options.amount);
        const auto port = static_cast<std::uint16_t>(options.port + 10);
        other = co_await examine(executor, autoscaler, std::move(rival), "compared", port, amount);
    }
    const auto table = make_table(ours, other, size);
    std::cout << to_text(table, other.has_value()) << notes;
    const bool missed = std::any_of(table.begin(), table.end(), [](const row& r) { return r.missed(); });
    co_return missed ? exit_missed : EXIT_SUCCESS;
}

// Flat means: neither memory nor descriptors grow once the worker is warm.
asio::awaitable<int> endure(asio::any_io_executor executor, scripted_autoscaler& autoscaler,
                            const bench_options& options) {
    constexpr double growth_allowed_mib = 0.5;
    auto command = client::default_worker_command();
    if (!options.worker.empty())
        command = {options.worker};
    subject worker(executor, autoscaler, std::move(command), options.port);
    std::function<void(const std::string&)> say = [](const std::string& what) {
        std::cerr << what << std::endl;
    };
    auto work = soak(worker, autoscaler, options.soak, options.amount, std::move(say));
    auto cleanup = worker.stop();
    const auto seen = co_await tidily(std::move(work), std::move(cleanup));
    const double growth = seen.last.resident_mib - seen.warm.resident_mib;
    const auto leaked = seen.last.descriptors - seen.warm.descriptors;
    std::cout << options.soak << " cycles at " << static_cast<int>(seen.cycles_per_s) << " /s\n"
              << "resident memory after " << seen.warm_up << " cycles " << seen.warm.resident_mib
              << " MiB, at the end " << seen.last.resident_mib << " MiB\n"
              << "open descriptors " << seen.warm.descriptors << ", at the end " << seen.last.descriptors
              << '\n';
    co_return growth > growth_allowed_mib || leaked > 0 ? exit_missed : EXIT_SUCCESS;
}

asio::awaitable<int> run(asio::any_io_executor executor, const bench_options& options) {
    scripted_autoscaler autoscaler(executor);
    auto work =
        options.soak > 0 ? endure(executor, autoscaler, options) : compare(executor, autoscaler, options);
    auto cleanup = autoscaler.stop();
    const int code = co_await tidily(std::move(work), std::move(cleanup));
    co_return code;
}

// A new directory, gone at the end.
struct scratch_directory {
    std::string path = (std::filesystem::temp_directory_path() / "nullworker-bench-XXXXXX").string();

    scratch_directory() {
        if (!::mkdtemp(path.data()))
            throw bench_error("no temporary directory");
    }
    ~scratch_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;
};

// The crowd needs a socket each here.
void take_all_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
    bench_options options;
    CLI::App app{description, "nullworker_bench"};
    app.add_option("--worker", options.worker,
                   "The nullworkerd to measure (default: the one beside this program)")
        ->type_name("PROGRAM");
    app.add_option("--compare", options.compare,
                   "Shell command of another worker that keeps the environment contract; it is measured too")
        ->type_name("CMD");
    app.add_option("--port", options.port, "First of some twenty ports on 127.0.0.1 for the workers")
        ->check(CLI::Range(1, 65000))
        ->capture_default_str();
    app.add_option("--starts", options.amount.starts)->check(CLI::Range(1, 1000))->capture_default_str();
    app.add_option("--changes", options.amount.changes)->check(CLI::Range(2, 10000))->capture_default_str();
    app.add_option("--expiries", options.amount.expiries)->check(CLI::Range(1, 1000))->capture_default_str();
    app.add_option("--cycles", options.amount.cycles)->check(CLI::Range(1, 100000))->capture_default_str();
    app.add_option("--health-requests", options.amount.health_requests)
        ->check(CLI::Range(8, 1000000))
        ->capture_default_str();
    app.add_option("--crowd", options.amount.crowd, "Half requests that a create must get past")
        ->check(CLI::Range(0, 10000))
        ->capture_default_str();
    app.add_option(
           "--soak", options.soak,
           "So many create/end cycles instead of the measurements; exits 1 when memory or open descriptors "
           "grow")
        ->check(CLI::Range(1, 100000000));
    CLI11_PARSE(app, argc, argv);
    try {
        const scratch_directory state;
        options.amount.state_dir = state.path;
        take_all_descriptors();
        int code = exit_failed;
        std::exception_ptr failure;
        asio::io_context context(1);
        asio::co_spawn(context, run(context.get_executor(), options),
                       [&](std::exception_ptr error, int returned) {
                           failure = std::move(error);
                           code = returned;
                       });
        context.run();
        if (failure)
            std::rethrow_exception(failure);
        return code_after_output(code, "nullworker_bench");
    } catch (const std::exception& e) {
        std::cerr << "nullworker_bench: " << e.what() << std::endl;
        return exit_failed;
    }
}
