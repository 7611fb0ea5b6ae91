#include "measurements.hpp"
#include "results.hpp"
#include "rows.hpp"

#include <nullworker/base/program_start.hpp>
#include <vast/venue.hpp>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include <sys/resource.h>

namespace {

using namespace nullworker;
using namespace nullworker::bench;

constexpr const char* description =
    "Measures nullworkerd, a real process on loopback, against a scripted autoscaler in this program, beside "
    "other\n"
    "servers and workers. Each figure is the median of some rounds, and in each round all sides have their "
    "turn.\n"
    "Exits 1 when a target is missed, 2 when something cannot be measured.";

constexpr const char* notes =
    "\nReady, change and completion are taken as the autoscaler sees them: when the message has arrived. A "
    "change\n"
    "counts from the sending of its request, and comes after a quiet time, since reports are paced (100 ms "
    "apart at\n"
    "least). The bench shares the machine with what it measures.\n";

constexpr int exit_missed = 1;
constexpr int exit_failed = 2;

struct outputs {
    std::string file;  // of the results; empty: none
    bool as_json = false;
    int soak = 0;  // 0: the measurements instead
};

bool is_wanted(const bench_options& options, const row& each) {
    const auto& wanted = options.rows;
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), each.name) != wanted.end() ||
           std::find(wanted.begin(), wanted.end(), each.group) != wanted.end();
}

bool is_wanted(const bench_options& options, std::string_view group) {
    const auto& rows = all_rows();
    return std::any_of(rows.begin(), rows.end(),
                       [&](const row& each) { return each.group == group && is_wanted(options, each); });
}

std::string refuse_unknown(const std::string& name) {
    std::string known;
    for (const auto& each : all_rows()) {
        if (each.name == name || each.group == name)
            return {};
        known += " " + std::string(each.name);
    }
    return "no row is called so; there are:" + known + ", and the groups of them";
}

asio::awaitable<int> measure(stage& on, const outputs& to) {
    for (const auto& each : all_measurements()) {
        if (!is_wanted(on.options(), each.group))
            continue;
        on.say(each.group);
        co_await each.take(on);
    }
    const auto sides = describe_sides(on.options());
    const auto json = to_json(on.book(), sides, on.options());
    if (!to.file.empty() && !(std::ofstream(to.file) << json))
        throw bench_error("cannot write " + to.file);
    std::cout << (to.as_json ? json : to_text(on.book(), sides) + notes);
    co_return any_missed(on.book()) ? exit_missed : EXIT_SUCCESS;
}

// Flat means: neither memory nor descriptors grow once the worker is warm.
asio::awaitable<int> endure(stage& on, int cycles) {
    constexpr double growth_allowed_mib = 0.5;
    const auto seen = co_await soak(on, cycles);
    const double growth = seen.last.resident_mib - seen.warm.resident_mib;
    const auto leaked = seen.last.descriptors - seen.warm.descriptors;
    std::cout << cycles << " cycles at " << static_cast<int>(seen.cycles_per_s) << " /s\n"
              << "resident memory after " << seen.warm_up << " cycles " << seen.warm.resident_mib
              << " MiB, at the end " << seen.last.resident_mib << " MiB\n"
              << "open descriptors " << seen.warm.descriptors << ", at the end " << seen.last.descriptors
              << '\n';
    co_return growth > growth_allowed_mib || leaked > 0 ? exit_missed : EXIT_SUCCESS;
}

// What a measurement that failed had started ends with this program: see process_launcher.
asio::awaitable<int> run(asio::any_io_executor executor, const bench_options& options, const outputs& to) {
    scripted_autoscaler autoscaler(executor);
    stage on(executor, autoscaler, options);
    auto work = to.soak > 0 ? endure(on, to.soak) : measure(on, to);
    const int code = co_await std::move(work);
    co_await autoscaler.stop();
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

// What is built beside this program.
std::string neighbour(const char* name) {
    std::error_code ec;
    return (std::filesystem::read_symlink("/proc/self/exe", ec).parent_path() / name).string();
}

// What a measurement that failed has begun waits for what will not come, and is not unwound. Its processes
// end with this one: see process_launcher.
[[noreturn]] void give_up(const std::exception_ptr& failure, const bench_options& options) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        std::cerr << "nullworker_bench: " << e.what() << std::endl;
    }
    std::error_code ignored;
    std::filesystem::remove_all(options.scratch, ignored);
    std::_Exit(exit_failed);
}

int run_to_end(const bench_options& options, const outputs& to) {
    int code = exit_failed;
    asio::io_context context(1);
    asio::co_spawn(context, run(context.get_executor(), options, to),
                   [&](const std::exception_ptr& failure, int returned) {
                       if (failure)
                           give_up(failure, options);
                       code = returned;
                   });
    context.run();
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    bench_options options;
    outputs to;
    options.worker = client::default_worker_command().front();
    options.constant_server = neighbour("beast_constant");
    options.true_program = neighbour("nullworker_bench_nothing");
    CLI::App app{description, "nullworker_bench"};
    app.add_option("--worker", options.worker,
                   "The nullworkerd to measure (default: the one beside this program)")
        ->type_name("PROGRAM");
    app.add_option("--against", options.against,
                   "Shell command of another worker that keeps the environment contract; it is measured too")
        ->type_name("CMD");
    app.add_option("--rows", options.rows,
                   "These rows, or groups of rows, alone: names with commas between them")
        ->delimiter(',')
        ->check(refuse_unknown)
        ->type_name("NAMES");
    app.add_option("--rounds", options.rounds, "How often each side has its turn")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_flag("--quick", options.quick, "One round, and a tenth of everything: to see that it works");
    app.add_option("--port", options.port, "First of some sixty ports on 127.0.0.1 for what is measured")
        ->check(CLI::Range(1, 65000))
        ->capture_default_str();
    app.add_option("--output", to.file, "Writes the results, with every round, into this file as JSON")
        ->type_name("FILE");
    app.add_flag("--json", to.as_json, "Prints the same in place of the table");
    app.add_option(
           "--soak", to.soak,
           "So many create/end cycles instead of the measurements; exits 1 when memory or open descriptors "
           "grow")
        ->check(CLI::Range(1, 100000000));
    CLI11_PARSE(app, argc, argv);
    try {
        const scratch_directory scratch;
        options.scratch = scratch.path;
        take_all_descriptors();
        return code_after_output(run_to_end(options, to), "nullworker_bench");
    } catch (const std::exception& e) {
        std::cerr << "nullworker_bench: " << e.what() << std::endl;
        return exit_failed;
    }
}
