#include <commands/doctor_run.hpp>
#include <nullworker/base/url.hpp>

#include <chrono>
#include <doctor/machine_rules.hpp>
#include <doctor/machine_survey.hpp>
#include <string>
#include <utility>

namespace nullworker::client {
namespace {

bool serves_tls(const outcome<wire::worker_status>& told, const environment_facts& environment) {
    return told ? told->url.starts_with("https:") : environment.value("USE_SSL") == "true";
}

}  // namespace

asio::awaitable<int> examine_machine(asio::any_io_executor executor, control_place worker,
                                     findings_output& show) {
    const auto place = name_of(worker);
    machine_survey survey(std::move(executor), std::move(worker));
    const auto told = co_await survey.worker();
    show.show_all(judge_worker(told, place, epoch_seconds(now().wall)));
    const auto here = co_await survey.look_around();
    const auto& environment = here.environment;
    show.show_all(judge_environment(environment));
    if (told) {
        const auto port = co_await survey.port(environment, told->url);
        show.show_all(judge_port(port));
    }
    if (serves_tls(told, environment)) {
        const auto pair = co_await survey.certificate(environment, environment.value("PUBLIC_IPADDR"));
        show.show_all(judge_certificate(pair, now().wall));
    } else {
        show.show({.subject = "TLS", .value = "off: clients speak HTTP (USE_SSL)"});
    }
    const auto directory = co_await survey.state_directory(environment);
    show.show(judge_state_directory(directory));
    const auto addresses = co_await survey.addresses(environment);
    show.show_all(judge_addresses(addresses));
    show.show(judge_clock(addresses));
    show.show_all(judge_starters(here.processes));
    co_return show.conclude({});
}

}  // namespace nullworker::client
