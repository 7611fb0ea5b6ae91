#include <commands/doctor_run.hpp>
#include <nullworker/base/program_start.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/wire/json_value.hpp>
#include <terminal/runner.hpp>
#include <vast/account_view.hpp>
#include <vast/known_endpoint.hpp>
#include <vast/serverless.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <doctor/endpoint_rules.hpp>
#include <doctor/parameter_rules.hpp>
#include <doctor/probe.hpp>
#include <functional>
#include <utility>

namespace nullworker::client {
namespace {

using steady = std::chrono::steady_clock;

constexpr std::size_t buffer_bytes = 256 * 1024;
constexpr std::chrono::seconds last_words(1);

std::string missing_findings(std::uint64_t count) {
    return std::to_string(count) + " findings are missing here: they were not read in time\n";
}

// The questions to one endpoint, in the order in which an answer makes the next one worth asking.
class endpoint_examination {
public:
    endpoint_examination(asio::any_io_executor executor, distant_endpoint place, examination how,
                         findings_output& show, interruption& stop)
        : x_executor(executor),
          x_place(std::move(place)),
          x_how(how),
          x_show(show),
          x_stop(stop),
          x_view(executor, x_place.where) {}

    asio::awaitable<int> run() {
        auto endpoint = co_await find();
        if (!endpoint)
            co_return x_show.conclude({});
        const wire::endpoint_info found = std::move(*endpoint);
        x_show.show(judge_state(found));
        co_await look_at_account(found);
        x_show.show_all(judge_parameters(found));
        co_await look_at_autoscaler(found);
        if (x_how.probe)
            co_await probe(found);
        co_return x_show.conclude(mending_line(found));
    }

private:
    asio::awaitable<std::optional<wire::endpoint_info>> find() {
        const auto all = co_await x_view.endpoints();
        auto key = judge_key(all, x_place.where.console.origin());
        if (key.how != severity::ok)
            key.value += x_place.advice;
        if (!all && all.error().status == 0 && names_loopback(x_place.where.console))
            key.remedy = "is the fleet up? nullworker fleet starts one";
        x_show.show(key);
        if (!all)
            co_return std::nullopt;
        if (const auto* endpoint = endpoint_named(x_place.name, *all))
            co_return *endpoint;
        x_show.show(unknown_endpoint(x_place.name, *all));
        co_return std::nullopt;
    }

    asio::awaitable<void> look_at_account(const wire::endpoint_info& endpoint) {
        const auto groups = co_await x_view.workergroups();
        x_show.show_all(judge_workergroups(endpoint, groups));
        const auto account = co_await x_view.account();
        x_show.show(judge_credit(account));
    }

    asio::awaitable<void> look_at_autoscaler(const wire::endpoint_info& endpoint) {
        const auto asked = steady::now();
        const auto knocked = co_await x_view.knock(endpoint.endpoint_name);
        outcome<route_answer> answer = route_answer{};
        if (knocked)
            answer = route_answer{knocked->status, wire::json_value::parse(knocked->body).has_value(),
                                  steady::now() - asked};
        else
            answer = knocked.error();
        x_show.show(judge_route(answer, x_place.where.autoscaler.origin()));

        serverless api(x_executor, x_place.where);
        endpoint_access access{endpoint.id, endpoint.endpoint_name, endpoint.api_key};
        const auto workers = co_await api.workers(std::move(access));
        outcome<wire::endpoint_logs> logs = wire::endpoint_logs{};
        if (workers && std::ranges::any_of(*workers, is_in_error))
            logs = co_await x_view.logs(endpoint.id);
        x_show.show_all(judge_workers(endpoint, workers, logs));
    }

    asio::awaitable<void> probe(const wire::endpoint_info& endpoint) {
        if (x_show.counts().fail > 0) {
            x_show.show({.how = severity::warn,
                         .subject = "probe",
                         .value = "nothing was rented, since something fails above",
                         .remedy = "mend that first"});
            co_return;
        }
        x_show.show(cost_of_probe(endpoint));
        serverless api(x_executor, x_place.where);
        known_endpoint known(x_executor, api, endpoint.endpoint_name);
        const auto trusted = co_await api.fetch_root_certificate();
        const auto found = trusted ? co_await known.look_up() : trusted;
        if (!found) {
            x_show.show({.how = severity::fail, .subject = "probe", .value = found.error().message});
            co_return;
        }
        const reserve_options wanted{.cost = x_how.session_cost, .timeout = to_ticks(x_how.timeout)};
        std::function<void(const finding&)> tell = [this](const finding& what) { x_show.show(what); };
        co_await probe_endpoint(api, known, wanted, x_stop, std::move(tell));
    }

    asio::any_io_executor x_executor;
    distant_endpoint x_place;
    examination x_how;
    findings_output& x_show;
    interruption& x_stop;
    account_view x_view;
};

}  // namespace

findings_output::findings_output(std::FILE* out, findings_form form)
    : x_form(form), x_out(::fileno(out), buffer_bytes, missing_findings) {}

findings_output::~findings_output() {
    (void)x_out.flush(last_words);
    if (x_out.has_failed())
        note_lost_output();
}

void findings_output::show(const finding& what) {
    x_counts.count(what.how);
    x_out.write(x_form == findings_form::json ? json_of(what) : lines_of(what));
}

void findings_output::show_all(const std::vector<finding>& all) {
    for (const auto& each : all)
        show(each);
}

int findings_output::conclude(const std::string& mending_line) {
    x_out.write(x_form == findings_form::json ? json_of(x_counts, mending_line)
                                              : lines_of(x_counts, mending_line));
    return x_counts.fail > 0 ? exit_failed : exit_done;
}

asio::awaitable<int> examine_endpoint(asio::any_io_executor executor, distant_endpoint place, examination how,
                                      findings_output& show, interruption& stop) {
    endpoint_examination one(std::move(executor), std::move(place), how, show, stop);
    co_return co_await one.run();
}

}  // namespace nullworker::client
