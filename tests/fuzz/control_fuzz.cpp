#include "fuzz_target.hpp"

#include <nullworker/api/control_api.hpp>
#include <nullworker/auth/fingerprint.hpp>
#include <nullworker/wire/json_value.hpp>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

// What a program beside the worker asks the control listener: a state of the worker and a request line,
// header lines, a blank line, and the body.
//
//   ready POST /release?query
//   Host: 127.0.0.1:18999
//
//   {}
namespace nullworker::fuzz {
namespace {

using reservation::condition;
using reservation::desk;
using reservation::lease;

constexpr double cost = 100.0;

// `text` up to `separator`, which are both removed from it.
std::string_view cut(std::string_view& text, std::string_view separator) {
    const auto end = std::min(text.find(separator), text.size());
    const auto head = text.substr(0, end);
    text.remove_prefix(std::min(end + separator.size(), text.size()));
    return head;
}

net::request read_request(std::string_view method, std::string_view target, std::string_view rest) {
    net::request out;
    out.method = method == "GET" ? net::verb::get : method == "POST" ? net::verb::post : net::verb::other;
    out.path = cut(target, "?");
    out.query = target;
    while (!rest.empty()) {
        auto line = cut(rest, "\n");
        if (line.empty())
            break;
        const auto name = cut(line, ": ");
        out.headers.emplace_back(name, line);
    }
    out.body = rest;
    out.from_loopback = out.query != "from elsewhere";
    return out;
}

struct witness : reservation::desk_observer {
    int closed = 0;
    void desk_changed() override {}
    void desk_worth_saving() override {}
    void desk_worth_saving_soon() override {}
    void load_passed() override {}
    void session_closed(const reservation::closed_session&) override { ++closed; }
};

void meet_all(reservation::readiness& state, instant time) {
    for (const auto met : {condition::listening, condition::public_key, condition::consumer})
        state.meet(met, time);
}

void require_answer(const net::reply& answer) {
    require(answer.status >= 200 && (answer.status < 500 || answer.status == 503), "no answer is our fault");
    if (answer.content_type == "application/json" && !answer.body.empty())
        require(wire::json_value::parse(answer.body).has_value(), "an answer is the JSON it says it is");
    for (const auto& [name, value] : answer.headers)
        require(value.find_first_of("\r\n") == value.npos, "nothing breaks a header");
}

// Whether the desk is as a desk is that gave out one lease, and closed `closed` of them.
void require_consistent(desk& desk, int closed, const lease& given, instant time) {
    require(closed == 0 || closed == 1, "a session is closed once");
    const auto shown = desk.take_snapshot();
    require(shown.figures.new_load == cost && shown.figures.rej_load == 0, "a load is booked once");
    require(shown.figures.cur_perf == closed * cost, "and completed when the session is closed");
    require(desk.outbox().size() == static_cast<std::size_t>(closed), "which owes a completion");
    require(desk.next_expiry().has_value() == (desk.holder() != nullptr),
            "a lease expires, and nothing else");
    const auto found = desk.find(given.session_id, given.grants.front(), time).outcome;
    const auto said = desk.outcome_of(given.session_id, given.grants.front());
    require(!said || closed == 1, "nothing is said of the end before that");
    if (closed) {
        require(!desk.holder() && shown.cur_load == 0, "a closed session has left the slot");
        require(found == desk::lookup_outcome::unknown, "and nobody knows it");
        return;
    }
    require(desk.holder() && desk.holder()->generation == given.generation,
            "the slot is held by the same lease");
    require(shown.cur_load == cost, "and counts");
    require(found == desk::lookup_outcome::found, "and its grant opens it");
}

}  // namespace

FUZZ_TARGET(control, 150) {
    const auto time = now();
    witness seen;
    desk desk({}, {[] { return std::string("abcdefghijklm"); }, auth::fingerprint}, &seen);
    wire::create_request wanted;
    wanted.grant.url = "https://203.0.113.7:40001";
    wanted.grant.cost = cost;
    wanted.grant.request_idx = 7;
    wanted.grant.document = wire::json_value::parse(R"({"request_idx":7})").value();
    wanted.lifetime = seconds(3600.0);
    wanted.on_close_route = "/closed";
    const lease given = *desk.reserve(wanted, reservation::grant_trust::verified, time).holder;

    reservation::readiness state(time, [] {});
    auto rest = input;
    auto line = cut(rest, "\n");
    const auto worker = cut(line, " ");
    if (worker != "starting")
        meet_all(state, time);
    if (worker == "sick")
        state.raise(reservation::problem_source::consumer, "the probe got 500", time);
    if (worker == "draining")
        state.begin_drain(time);
    const auto method = cut(line, " ");
    const auto request = read_request(method, line, rest);

    api::control_events on;
    on.measure = [] { return std::vector<metric>{{"one", {}, "A figure", 1.0}}; };
    on.describe = [] { return wire::worker_status{}; };
    on.on_alive = on.on_waiting = [] {};
    api::control_api control({}, desk, state, std::move(on));
    for (int round = 0; round < 2; ++round) {
        const int before = seen.closed;
        const auto due = desk.next_expiry();
        const auto made = control.on_control(request);
        const bool waits = std::holds_alternative<net::wait_for_change>(made);
        require(!std::holds_alternative<net::hang_up>(made), "there is an answer");
        require(!waits || request.path == "/session", "only who asks for the session waits");
        const auto answer = waits ? net::reply{} : std::get<net::reply>(made);
        require_answer(answer);
        const bool expired =
            due && *due <= std::chrono::steady_clock::now();  // a renewal may be for a moment
        const auto* held = desk.holder();
        require(
            !held || !held->protected_until || end_of(*held).monotonic >= held->protected_until->monotonic,
            "no protection is overrun");
        require(answer.status < 400 || seen.closed == before || expired, "a refusal changes nothing");
        const auto furthest = now().after(std::chrono::hours(24)).monotonic;
        require(!desk.next_expiry() || *desk.next_expiry() <= furthest, "no lease outlives the maximum");
        require(request.from_loopback || answer.status == 403, "nobody elsewhere is answered");
        require(!request.find("Origin") || answer.status == 403, "no web page is answered");
        require_consistent(desk, seen.closed, given, time);
    }
}

}  // namespace nullworker::fuzz
