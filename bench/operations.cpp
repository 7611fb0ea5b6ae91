#include "operations.hpp"

#include <fleet/scaler.hpp>
#include <fleet/signing_key.hpp>
#include <nullworker/auth/fingerprint.hpp>
#include <nullworker/auth/gatekeeper.hpp>
#include <nullworker/auth/session_id.hpp>
#include <nullworker/net/request_head.hpp>
#include <nullworker/reservation/desk.hpp>
#include <nullworker/wire/routing.hpp>
#include <nullworker/wire/session_messages.hpp>
#include <nullworker/wire/status_report.hpp>

#include <memory>
#include <stdexcept>
#include <utility>
#include <variant>

namespace nullworker::bench {
namespace {

using namespace std::chrono_literals;

constexpr const char* own_url = "http://203.0.113.7:40001";
constexpr std::size_t fleet_size = 100;

// What came is right: an operation that fails is cheaper than one that does its work.
void require(bool holds, const char* what) {
    if (!holds)
        throw std::runtime_error(std::string("an operation went wrong: ") + what);
}

// An autoscaler of this process. Its key is another one in each run: the work of a verification hardly
// depends on it.
struct signed_world {
    fleet::signing_key key = fleet::signing_key::generate();
    std::string signature = key.sign_url(own_url);

    [[nodiscard]] wire::json_value grant(std::int64_t request) const {
        const wire::signed_grant whole{own_url, "bench", 100.0, request, request, signature};
        return wire::json_value::parse(wire::to_json(whole)).value();
    }
    [[nodiscard]] std::string create(std::int64_t request) const {
        const wire::create_parameters parameters{.lifetime = seconds(60)};
        return wire::create_body(grant(request), parameters);
    }
    [[nodiscard]] std::string ping() const { return wire::ping_body("0123456789abc", grant(1)); }
};

operation parsing_create(const signed_world& world) {
    return {"parse create", [body = world.create(1)] {
                const auto request = wire::parse_create(body, {});
                require(request.has_value(), "parse_create");
            }};
}

operation parsing_ping(const signed_world& world) {
    return {"parse ping", [body = world.ping()] {
                const auto request = wire::parse_ping(body, wire::grant_form::complete);
                require(request.has_value(), "parse_ping");
            }};
}

operation reading_head() {
    return {"read head",
            [text = std::string("POST /ping HTTP/1.1\r\nHost: 203.0.113.7:40001\r\nUser-Agent: bench\r\n"
                                "Accept: */*\r\nContent-Type: application/json\r\n"
                                "Content-Length: 560\r\n\r\n")] {
                net::head_reader reader;
                require(reader.read(text) == net::head_state::complete, "head_reader");
            }};
}

operation verifying(const signed_world& world) {
    const auto key = auth::public_key::from_pem(world.key.public_pem()).value();
    return {"verify", [key, signature = world.signature, message = wire::signed_message(own_url)] {
                require(key.verifies(message, signature), "verifies");
            }};
}

operation verifying_again(const signed_world& world) {
    const auto gate = std::make_shared<auth::gatekeeper>(parse_url(own_url).value(),
                                                         auth::create_policy::signed_only, false);
    gate->set_key(auth::public_key::from_pem(world.key.public_pem()).value());
    const auto request = wire::parse_ping(world.ping(), wire::grant_form::complete).value();
    return {"verify again", [gate, grant = request.grant] {
                require(gate->check_ping(grant) == auth::grant_verdict::verified, "check_ping");
            }};
}

// A session's life at the desk, with a renewal, and with what is told of it.
operation holding_and_ending(const signed_world& world) {
    struct front_office {
        reservation::desk desk{{}, {auth::make_session_id, auth::fingerprint}, nullptr};
        instant time = now();
        wire::create_request request;
    };
    const auto at = std::make_shared<front_office>();
    at->request = wire::parse_create(world.create(0), {}).value();
    return {"desk", [at] {
                at->time = at->time.after(1s);
                // Unverified: a verified grant opens one session.
                const auto taken =
                    at->desk.reserve(at->request, reservation::grant_trust::unverified, at->time);
                require(taken.holder, "reserve");
                const auto id = taken.holder->session_id;
                const auto& auth = at->request.grant.document;
                require(at->desk.renew(id, auth, at->time).session, "renew");
                require(at->desk.end(id, auth, at->time) == reservation::desk::lookup_outcome::found, "end");
                at->desk.acknowledge(at->desk.take_snapshot());
            }};
}

operation encoding_report() {
    wire::status_report report;
    report.id = 12345;
    report.mtoken = "0123456789abcdef0123456789abcdef";
    report.loadtime = 1.5;
    report.cur_load = 100;
    report.max_perf = 100;
    report.working_request_idxs = {77};
    report.url = own_url;
    return {"encode report", [report] { require(wire::to_json(report).size() > 100, "to_json"); }};
}

// A fleet of ready workers, of which one is routed to, tells that it is taken, and becomes free again.
class busy_scaler {
public:
    busy_scaler()
        : x_scaler(fleet::parameters{.max_workers = fleet_size,
                                     .inactivity_timeout = seconds(1e6),
                                     .report_timeout = seconds(1e6),
                                     .max_requests = fleet_size}) {
        std::vector<std::int64_t> requests;
        for (std::size_t i = 0; i < fleet_size; ++i) {
            requests.push_back(std::get<fleet::waiting>(x_scaler.route(0, 100, 3600s, x_now)).request_idx);
            settle();
        }
        while (x_workers.size() < fleet_size)
            pass_on();
        for (const auto worker : x_workers)
            report(worker, {});
        for (const auto request : requests) {
            const auto granted = std::get<fleet::ready>(x_scaler.route(request, 100, 3600s, x_now));
            end(granted.worker, granted.request_idx);
        }
    }

    void route_and_end() {
        const auto granted = std::get<fleet::ready>(x_scaler.route(0, 100, 3600s, x_now));
        end(granted.worker, granted.request_idx);
    }

private:
    void end(std::int64_t worker, std::int64_t request) {
        report(worker, {request});
        wire::completion_batch batch;
        batch.worker_id = worker;
        batch.requests.push_back({.request_idx = request, .status = wire::completion_status::success});
        x_scaler.on_completions(batch, x_now);
        report(worker, {});
    }

    void report(std::int64_t worker, std::vector<std::int64_t> working) {
        wire::status_report said;
        said.id = worker;
        said.url = "http://127.0.0.1:1";
        said.max_perf = 100;
        said.cur_load = working.empty() ? 0 : 100;
        said.working_request_idxs = std::move(working);
        x_scaler.on_report(said, x_now);
        settle();
    }

    void pass_on() {
        const auto next = x_scaler.next_wake(x_now);
        if (next > x_now.monotonic && next != std::chrono::steady_clock::time_point::max())
            x_now = x_now.after(next - x_now.monotonic);
        settle();
    }

    void settle() {
        x_now = x_now.after(1ms);
        for (const auto& due : x_scaler.plan(x_now))
            if (const auto* start = std::get_if<fleet::start_worker>(&due))
                x_workers.push_back(start->worker);
        (void)x_scaler.take_events();
    }

    fleet::scaler x_scaler;
    instant x_now = now();
    std::vector<std::int64_t> x_workers;
};

operation routing() {
    const auto fleet = std::make_shared<busy_scaler>();
    return {"route among 100", [fleet] { fleet->route_and_end(); }};
}

}  // namespace

std::vector<operation> all_operations() {
    const signed_world world;
    return {reading_head(),         parsing_create(world),     parsing_ping(world), verifying(world),
            verifying_again(world), holding_and_ending(world), encoding_report(),   routing()};
}

}  // namespace nullworker::bench
