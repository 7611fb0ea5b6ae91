#include <fleet/autoscaler.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/printable.hpp>
#include <nullworker/base/query.hpp>
#include <nullworker/base/secret.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/net/http_date.hpp>
#include <nullworker/net/local_guard.hpp>
#include <nullworker/net/route_table.hpp>
#include <nullworker/wire/account.hpp>
#include <nullworker/wire/route_grant.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

namespace nullworker::fleet {
namespace {

// The official worker sends all its completions in one message.
constexpr std::size_t max_body_bytes = 4 * 1024 * 1024;

// Where every worker is.
constexpr const char* worker_host = "127.0.0.1";

constexpr std::string_view endpoint_prefix = "/api/v0/endptjobs/";

net::reply refuse(unsigned status, const std::string& why) {
    return net::json_reply(status, wire::route_refusal(why));
}

net::reply refuse(const error_code& parse_error) {
    return parse_error == errc::invalid_json ? refuse(400, "invalid JSON")
                                             : refuse(422, "not the message that belongs here");
}

net::reply refuse_route(unsigned status) {
    return refuse(status, status == 404 ? "no such path" : "another verb is needed");
}

// The account's key: the bearer token, or api_key in the query.
std::string presented_key(const net::request& incoming) {
    constexpr std::string_view scheme = "Bearer ";
    if (const auto header = incoming.find("Authorization"); header && header->starts_with(scheme))
        return std::string(header->substr(scheme.size()));
    return query_value(incoming.query, "api_key");
}

// Whether a worker of ours may say so. A grant is signed for its URL, and its figures are added up and told
// as JSON, in which there is no infinity.
bool is_plausible(const wire::status_report& report) {
    constexpr double most = 1e12;
    // One that cannot start, since it has no address, says so with a URL of no use; nobody is sent there.
    const auto own = parse_url(report.url);
    const bool may_be_there = report.max_perf == 0 || (own && names_loopback(*own));
    const auto figures = {report.loadtime,
                          report.cur_load,
                          report.rej_load,
                          report.new_load,
                          report.max_perf,
                          report.cur_perf,
                          report.additional_disk_usage};
    return may_be_there && std::all_of(figures.begin(), figures.end(),
                                       [](double figure) { return std::abs(figure) <= most; });
}

std::optional<endpoint_state> state_named(std::string_view name) {
    for (const auto state : {endpoint_state::active, endpoint_state::suspended})
        if (name == to_string(state))
            return state;
    return std::nullopt;
}

std::vector<wire::workergroup_info> workergroups_of(const autoscaler_options& options) {
    std::vector<wire::workergroup_info> out(options.account.workergroups);
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = {.id = static_cast<std::int64_t>(i + 1),
                  .endpoint_id = options.endpoint_id,
                  .endpoint_name = options.endpoint_name,
                  .template_hash = "local",
                  .test_workers = options.account.test_workers};
    return out;
}

// What Vast's endpoints can do and this one cannot. To say nothing of it would be to pretend.
std::optional<std::string> beyond_us(const wire::endpoint_change& wanted, const std::string& name) {
    if (wanted.endpoint_state && !state_named(*wanted.endpoint_state))
        return "the endpoint of a local fleet is active or suspended, and nothing else";
    if (wanted.endpoint_name.value_or(name) != name)
        return "the endpoint of a local fleet keeps its name";
    return std::nullopt;
}

parameters with_change(parameters values, const wire::endpoint_change& wanted) {
    const auto set = []<class To, class From>(To& value, const std::optional<From>& given) {
        if (given)
            value = To(*given);
    };
    if (wanted.endpoint_state)
        values.state = state_named(*wanted.endpoint_state).value_or(values.state);
    set(values.min_load, wanted.min_load);
    set(values.min_cold_load, wanted.min_cold_load);
    set(values.target_util, wanted.target_util);
    set(values.cold_mult, wanted.cold_mult);
    set(values.cold_workers, wanted.cold_workers);
    set(values.max_workers, wanted.max_workers);
    set(values.max_queue_time, wanted.max_queue_time);
    set(values.target_queue_time, wanted.target_queue_time);
    set(values.inactivity_timeout, wanted.inactivity_timeout);
    return values;
}

std::string without_last_slash(std::string path) {
    if (path.size() > 1 && path.ends_with('/'))
        path.pop_back();
    return path;
}

}  // namespace

// Without the last slash, which requests may have or not.
struct autoscaler::tables {
    static constexpr std::array<net::route<autoscaler, net::reply>, 17> routes = {{
        {net::verb::post, "/route", &autoscaler::serve_route},
        {net::verb::get, "/pubkey", &autoscaler::serve_public_key},
        {net::verb::post, "/worker_status", &autoscaler::take_report},
        {net::verb::post, "/delete_requests", &autoscaler::take_completions},
        {net::verb::post, "/get_endpoint_workers", &autoscaler::list_workers},
        {net::verb::post, "/get_endpoint_logs", &autoscaler::show_logs},
        {net::verb::get, "/api/v0/endptjobs", &autoscaler::list_endpoints},
        {net::verb::get, "/api/v0/endptjobs/*", &autoscaler::show_endpoint},
        {net::verb::put, "/api/v0/endptjobs/*", &autoscaler::change_endpoint},
        {net::verb::get, "/api/v0/workergroups", &autoscaler::list_workergroups},
        {net::verb::get, "/api/v0/autojobs", &autoscaler::list_workergroups},  // as the command line has it
        {net::verb::put, "/api/v0/workergroups/*", &autoscaler::change_workergroup},
        {net::verb::put, "/api/v0/autojobs/*", &autoscaler::change_workergroup},
        {net::verb::get, "/api/v0/users/current", &autoscaler::show_account},
        {net::verb::get, "/api/v0/instances", &autoscaler::list_instances},
        {net::verb::post, "/api/v0/sign_cert", &autoscaler::certify_worker},
        {net::verb::get, "/static/jvastai_root.cer", &autoscaler::serve_root},
    }};
};

autoscaler::autoscaler(asio::any_io_executor executor, autoscaler_options options, scaler& decisions,
                       fault_plan& faults, std::function<void()> on_change)
    : x_options(std::move(options)),
      x_scaler(decisions),
      x_faults(faults),
      x_on_change(std::move(on_change)),
      x_key(signing_key::generate()),
      x_authority(certificate_authority::create()),
      x_workergroups(workergroups_of(x_options)),
      x_created_at(epoch_seconds(now().wall)),
      x_server(std::move(executor), "fleet", {.max_body_bytes = max_body_bytes}) {
    if (x_options.over == transport::https)
        x_server.use_tls(net::make_server_tls(x_authority.issue({worker_host, "localhost"}), "of the fleet",
                                              "of the fleet"));
}

void autoscaler::bind(std::uint16_t port) {
    x_server.bind({asio::ip::address_v4::loopback(), port}, "--port");
}

void autoscaler::start() {
    x_server.start([this](net::request incoming) { return answer(std::move(incoming)); });
}

asio::awaitable<void> autoscaler::stop(std::chrono::steady_clock::duration patience) {
    x_server.drain();
    co_await x_server.join(patience);
}

asio::awaitable<net::reaction> autoscaler::answer(net::request incoming) {
    if (const auto reason = net::why_not_local(incoming, net::judged::everybody))
        co_return refuse(403, *reason);
    if (x_other_routes)
        if (auto shown = x_other_routes(incoming, x_server))
            co_return std::move(*shown);
    const auto fate = x_faults.next(incoming.path, now());
    incoming.path = without_last_slash(std::move(incoming.path));
    if (fate.delay > fault_plan::duration::zero())
        co_await sleep_for(fate.delay);
    if (fate.drop)
        co_return net::hang_up{};
    auto out = fate.status
                   ? refuse(*fate.status, "a fault that was ordered")
                   : net::dispatch<autoscaler, net::reply>(*this, tables::routes, incoming, refuse_route);
    if (fate.lose_reply)
        co_return net::hang_up{};
    out.headers.emplace_back("Date", net::http_date(now().wall));
    co_return out;
}

net::reply autoscaler::serve_route(const net::request& incoming) {
    const auto asked = wire::parse_route_request(incoming.body);
    if (!asked)
        return refuse(asked.error());
    if (asked->request_idx < 0)
        return refuse(422, "request_idx: must not be negative");
    if (asked->cost > wire::max_cost)
        return refuse(422, "cost: must be at most 1e9");
    if (asked->endpoint != x_options.endpoint_name)
        return refuse(404, "no endpoint '" + asked->endpoint + "'");
    if (!same_secret(asked->api_key, x_options.endpoint_key))
        return refuse(401, "api_key is not the endpoint's");
    const auto outcome =
        x_scaler.route(asked->request_idx, asked->cost, seconds(asked->replay_timeout), now());
    x_on_change();
    if (const auto* wait = std::get_if<waiting>(&outcome))
        return net::json_reply(200,
                               wire::route_waiting(x_options.endpoint_name, wait->text, wait->request_idx));
    const auto& granted = std::get<ready>(outcome);
    const wire::signed_grant grant{granted.url,     x_options.endpoint_name, granted.cost,
                                   ++x_last_reqnum, granted.request_idx,     x_key.sign_url(granted.url)};
    return net::json_reply(200, wire::to_json(grant));
}

net::reply autoscaler::serve_public_key(const net::request&) {
    return net::text_reply(200, x_key.public_pem());
}

bool autoscaler::is_worker(std::int64_t worker, const std::string& token) const {
    const auto known = x_tokens.find(worker);
    return known != x_tokens.end() && same_secret(known->second, token);
}

net::reply autoscaler::take_report(const net::request& incoming) {
    const auto report = wire::parse_status_report(incoming.body);
    if (!report)
        return refuse(report.error());
    if (!is_plausible(*report))
        return refuse(422, "a URL that is not on this machine, or a figure beyond 1e12");
    return heard(is_worker(report->id, report->mtoken) && x_scaler.on_report(*report, now()));
}

net::reply autoscaler::take_completions(const net::request& incoming) {
    const auto batch = wire::parse_completion_batch(incoming.body);
    if (!batch)
        return refuse(batch.error());
    return heard(is_worker(batch->worker_id, batch->mtoken) && x_scaler.on_completions(*batch, now()));
}

net::reply autoscaler::heard(bool from_worker) {
    if (!from_worker)
        return refuse(401, "no such worker, or not its mtoken");
    x_on_change();
    return net::json_reply(200, wire::ok(true));
}

bool autoscaler::is_account(const std::string& key) const {
    return x_options.account_key.empty() ? !key.empty() : same_secret(key, x_options.account_key);
}

// The documentation names the endpoint's key; the official client sends the account's, and the official
// command line that in the header alone.
bool autoscaler::is_owner(const net::request& incoming, const std::string& in_body) const {
    const auto key = in_body.empty() ? presented_key(incoming) : in_body;
    return same_secret(key, x_options.endpoint_key) || is_account(key);
}

std::optional<net::reply> autoscaler::refuse_question(const net::request& incoming, std::int64_t endpoint,
                                                      const std::string& key) const {
    if (endpoint != x_options.endpoint_id)
        return refuse(404, "no endpoint with id " + std::to_string(endpoint));
    if (!is_owner(incoming, key))
        return refuse(401, "api_key is neither the endpoint's nor the account's");
    return std::nullopt;
}

net::reply autoscaler::list_workers(const net::request& incoming) {
    const auto asked = wire::parse_workers_request(incoming.body);
    if (!asked)
        return refuse(asked.error());
    if (auto refused = refuse_question(incoming, asked->id, asked->api_key))
        return std::move(*refused);
    return net::json_reply(200, wire::to_json(x_scaler.workers()));
}

wire::endpoint_info autoscaler::describe() const {
    const auto& values = x_scaler.values();
    wire::endpoint_info out;
    out.id = x_options.endpoint_id;
    out.endpoint_name = x_options.endpoint_name;
    out.api_key = x_options.endpoint_key;
    out.user_id = 1;
    out.created_at = x_created_at;
    out.min_load = values.min_load;
    out.min_cold_load = values.min_cold_load;
    out.cold_mult = values.cold_mult;
    out.endpoint_state = to_string(values.state);
    out.target_util = values.target_util;
    out.cold_workers = static_cast<std::int64_t>(values.cold_workers);
    out.max_workers = static_cast<std::int64_t>(values.max_workers);
    out.max_queue_time = values.max_queue_time.count();
    out.target_queue_time = values.target_queue_time.count();
    if (values.inactivity_timeout)
        out.inactivity_timeout = values.inactivity_timeout->count();
    return out;
}

net::reply autoscaler::list_endpoints(const net::request& incoming) {
    if (!is_account(presented_key(incoming)))
        return refuse(401, "not the account's key");
    return net::json_reply(200, wire::endpoint_list({describe()}));
}

net::reply autoscaler::list_workergroups(const net::request& incoming) {
    if (!is_account(presented_key(incoming)))
        return refuse(401, "not the account's key");
    return net::json_reply(200, wire::workergroup_list(x_workergroups));
}

net::reply autoscaler::change_workergroup(const net::request& incoming) {
    if (!is_account(presented_key(incoming)))
        return refuse(401, "not the account's key");
    const auto id = incoming.path.substr(incoming.path.find_last_of('/') + 1);
    const auto found = std::ranges::find_if(
        x_workergroups, [&](const wire::workergroup_info& one) { return std::to_string(one.id) == id; });
    if (found == x_workergroups.end())
        return refuse(404, "no workergroup with that id");
    const auto wanted = wire::parse_workergroup_change(incoming.body);
    if (!wanted)
        return refuse(wanted.error());
    if (wanted->test_workers.value_or(0) < 0 || wanted->cold_workers.value_or(0) < 0)
        return refuse(422, "test_workers and cold_workers must be 0 or more");
    if (wanted->test_workers)
        found->test_workers = wanted->test_workers;
    if (wanted->cold_workers)
        found->cold_workers = wanted->cold_workers;
    return net::json_reply(200, wire::endpoint_changed());
}

net::reply autoscaler::show_account(const net::request& incoming) {
    if (!is_account(presented_key(incoming)))
        return refuse(401, "not the account's key");
    const auto credit = x_options.account.credit;
    return net::json_reply(200, wire::to_json(wire::account_info{.credit = credit, .balance = credit}));
}

// Each worker is an instance, and has its id.
net::reply autoscaler::list_instances(const net::request& incoming) {
    if (!is_account(presented_key(incoming)))
        return refuse(401, "not the account's key");
    std::vector<wire::instance_info> out;
    for (const auto& worker : x_scaler.workers())
        out.push_back({.id = worker.id, .dph_total = x_options.price});
    return net::json_reply(200, wire::instance_list(out));
}

void autoscaler::write_down(const event& happened) {
    const auto* of_worker = std::get_if<worker_event>(&happened);
    if (!of_worker)
        return;
    constexpr std::size_t lines_kept = 500;
    if (x_log.size() >= lines_kept)
        x_log.pop_front();
    const auto why = of_worker->why.empty() ? std::string() : ": " + printable(of_worker->why);
    x_log.push_back(net::http_date(of_worker->at.wall) + " worker " + std::to_string(of_worker->worker) +
                    ' ' + to_string(of_worker->to) + why + '\n');
}

net::reply autoscaler::show_logs(const net::request& incoming) {
    const auto asked = wire::parse_logs_request(incoming.body);
    if (!asked)
        return refuse(asked.error());
    if (auto refused = refuse_question(incoming, asked->id, asked->api_key))
        return std::move(*refused);
    std::string text;
    for (const auto& line : x_log)
        text += line;
    const auto tail = static_cast<std::size_t>(std::max<std::int64_t>(asked->tail, 0));
    auto end = text.substr(text.size() - std::min(text.size(), tail));
    return net::json_reply(200, wire::to_json(wire::endpoint_logs{.info0 = std::move(end)}));
}

// What is to be answered to a request about one endpoint that is not the account's, or about another one.
std::optional<net::reply> autoscaler::refuse_stranger(const net::request& incoming) const {
    if (!is_account(presented_key(incoming)))
        return refuse(401, "not the account's key");
    const auto id = std::string_view(incoming.path).substr(endpoint_prefix.size());
    if (id != std::to_string(x_options.endpoint_id))
        return refuse(404, "no endpoint with that id");
    return std::nullopt;
}

net::reply autoscaler::show_endpoint(const net::request& incoming) {
    if (auto refused = refuse_stranger(incoming))
        return std::move(*refused);
    return net::json_reply(200, wire::endpoint_single(describe()));
}

net::reply autoscaler::change_endpoint(const net::request& incoming) {
    if (auto refused = refuse_stranger(incoming))
        return std::move(*refused);
    const auto wanted = wire::parse_endpoint_change(incoming.body);
    if (!wanted)
        return refuse(wanted.error());
    if (const auto unknown = beyond_us(*wanted, x_options.endpoint_name))
        return refuse(422, *unknown);
    if (wanted->cold_workers.value_or(0) < 0 || wanted->max_workers.value_or(0) < 0)
        return refuse(422, "cold_workers and max_workers must be 0 or more");
    const auto values = with_change(x_scaler.values(), *wanted);
    if (const auto fault = fault_in(values))
        return refuse(422, *fault);
    x_scaler.change(values);
    x_on_change();
    return net::json_reply(200, wire::endpoint_changed());
}

bool autoscaler::is_running(std::string_view worker) const {
    return std::any_of(x_tokens.begin(), x_tokens.end(),
                       [worker](const auto& known) { return std::to_string(known.first) == worker; });
}

// Every worker is reached at one address, whatever its request says.
net::reply autoscaler::certify_worker(const net::request& incoming) {
    if (!is_running(query_value(incoming.query, "instance_id")))
        return refuse(404, "no instance with that instance_id");
    const auto made = x_authority.answer(incoming.body, worker_host);
    if (!made)
        return refuse(400, "not a certificate signing request in PEM");
    return {.status = 200, .content_type = "application/octet-stream", .body = *made};
}

net::reply autoscaler::serve_root(const net::request&) {
    return {.status = 200, .content_type = "application/x-x509-ca-cert", .body = x_authority.root_pem()};
}

}  // namespace nullworker::fleet
