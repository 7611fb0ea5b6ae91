#include <commands/common_options.hpp>
#include <commands/control_options.hpp>
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
    control_place worker;
    examination how;
    bool json = false;
};

constexpr const char* doctor_footer =
    "With --endpoint or --instance it looks at an endpoint: key, workergroup, parameters, credit,\n"
    "autoscaler, workers. It rents nothing, unless --probe says so. Without, it looks at the worker on\n"
    "this machine: what it tells, its variables, port, certificate, disk, autoscaler, and who starts it.\n"
    "The exit code is 1 when something does not work.";

options::option_group asked_endpoint_rows(venue_options& to) {
    auto out = venue_rows(to);
    out.options.front().default_words = "none: the worker on this machine";
    return out;
}

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
            asked_endpoint_rows(to.where),
            {.title = "On a machine", .options = control_place_rows(to.worker)}};
}

findings_form form_of(const doctor_options& options) {
    return options.json ? findings_form::json : findings_form::lines;
}

int run_on_machine(const doctor_options& options) {
    if (options.how.probe)
        throw startup_error("--probe reserves a worker of an endpoint: name it with --endpoint");
    command work = [&](asio::any_io_executor executor, interruption&) -> asio::awaitable<int> {
        findings_output show(stdout, form_of(options));
        co_return co_await examine_machine(std::move(executor), options.worker, show);
    };
    return run(std::move(work), on_signal::exit_128);
}

int run_on_endpoint(const doctor_options& options) {
    auto place = locate(options.where);
    command work = [&](asio::any_io_executor executor, interruption& stop) -> asio::awaitable<int> {
        findings_output show(stdout, form_of(options));
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
            .run = [to](const options::reading& found, const words& behind) {
                refuse_command(behind);
                if (!to->where.is_local())
                    return run_on_endpoint(*to);
                read_control_place(found, to->worker);
                return run_on_machine(*to);
            }};
}

}  // namespace nullworker::client
