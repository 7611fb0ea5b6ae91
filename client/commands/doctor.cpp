#include <commands/common_options.hpp>
#include <commands/doctor.hpp>
#include <commands/doctor_run.hpp>
#include <nullworker/base/error.hpp>
#include <terminal/runner.hpp>
#include <vast/venue.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::client {
namespace {

struct doctor_options {
    venue_options where;
    examination how;
    bool json = false;
};

constexpr const char* doctor_footer =
    "With --endpoint it looks at an endpoint: the key, the workergroup, each parameter, the credit, the "
    "autoscaler and the\n"
    "workers. It rents nothing, unless --probe says so. The exit code is 1 when something does not work.";

std::vector<options::option_group> doctor_rows(doctor_options& to) {
    return {{.options = {{.name = "probe",
                          .target = &to.how.probe,
                          .help = "Reserve a worker and release it, step by step: this rents a machine"},
                         {.name = "timeout",
                          .target = &to.how.timeout,
                          .least = 0.1,
                          .most = most_of_all,
                          .help = "Longest time for the reservation of --probe"},
                         {.name = "session-cost",
                          .target = &to.how.session_cost,
                          .least = 0.001,
                          .most = most_of_all,
                          .help = "Load that it stands for"},
                         {.name = "json", .target = &to.json, .help = "One JSON object a finding"}}},
            venue_rows(to.where)};
}

int run_doctor(const doctor_options& options) {
    auto place = locate(options.where);
    command work = [&](asio::any_io_executor executor, interruption& stop) -> asio::awaitable<int> {
        findings_output show(stdout, options.json ? findings_form::json : findings_form::lines);
        co_return co_await examine_endpoint(std::move(executor), place, options.how, show, stop);
    };
    return run(std::move(work), on_signal::exit_128);
}

}  // namespace

subcommand doctor_command() {
    const auto to = std::make_shared<doctor_options>();
    return {.table = {.name = "doctor",
                      .summary = "Say what is wrong with an endpoint, or with the worker on this machine",
                      .footer = doctor_footer,
                      .groups = doctor_rows(*to)},
            .run = [to](const options::reading&, const words& behind) {
                refuse_command(behind);
                return run_doctor(*to);
            }};
}

}  // namespace nullworker::client
