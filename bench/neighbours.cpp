#include "measurements.hpp"

#include <nullworker/base/child_process.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>

namespace nullworker::bench {
namespace {

using told_json = nlohmann::json;

// The line of JSON in which a program beside this one tells what it found. Its exit code is not looked at: it
// judges by targets of its own, and here the table does.
asio::awaitable<told_json> told_by(stage& on, std::string command) {
    std::error_code ec;
    const auto folder = std::filesystem::read_symlink("/proc/self/exe", ec).parent_path().string();
    auto line = "exec '" + folder + "'/" + command;
    const auto ended = co_await run_shell(std::move(line));
    if (!ended)
        throw bench_error(command + ": " + ended.error().message());
    auto out = told_json::parse(ended->output, nullptr, false);
    if (!out.is_object())
        throw bench_error(command + ": " + ended->described());
    on.say("  " + out.dump());
    co_return out;
}

}  // namespace

asio::awaitable<void> growth(stage& on) {
    for (int round = 0; round < on.rounds(); ++round) {
        std::string command = "nullworker_scaler_growth";
        const auto told = co_await told_by(on, std::move(command));
        on.book().add("scaler-growth", side::client, told.at("exponent").get<double>());
        on.book().add("scaler-10000", side::client, told.at("seconds").at("10000").get<double>() * 1000);
    }
}

// Once: it takes more than a minute.
asio::awaitable<void> following(stage& on) {
    const auto port = std::to_string(on.port_of(side::nginx, 9));
    const std::string sessions = on.options().quick ? "200" : "5000";
    auto command = "nullworker_hold_many --sessions " + sessions + " --port " + port;
    const auto told = co_await told_by(on, std::move(command));
    on.book().add("follow-open", side::client, told.at("open_s").get<double>());
    on.book().add("follow-cpu", side::client, told.at("cpu_ms_per_session_minute").get<double>());
    on.book().add("follow-memory", side::client, told.at("dirty_kib_per_session").get<double>());
}

}  // namespace nullworker::bench
