#include "fuzz_target.hpp"

#include <nullworker/wire/completion.hpp>
#include <nullworker/wire/json_value.hpp>
#include <nullworker/wire/routing.hpp>
#include <nullworker/wire/session_messages.hpp>
#include <nullworker/wire/status_report.hpp>

#include <cmath>
#include <string>

// What the autoscaler, its stand-in and the client read of each other.
namespace nullworker::fuzz {
namespace {

// What `parse` makes of the input prints as a text that parses, and prints as itself again.
template <class T>
void try_message(std::string_view input, result<T> (*parse)(std::string_view),
                 std::string (*print)(const T&)) {
    const auto message = parse(input);
    if (!message) {
        const auto why = message.error();
        require(why == errc::invalid_json || why == errc::duplicate_key || why == errc::unexpected_message,
                "a failure is one of the three");
        return;
    }
    const auto printed = print(*message);
    const auto again = parse(printed);
    require(again.has_value(), "what is printed parses");
    require(print(*again) == printed, "what is printed is printed the same again");
}

void try_route_reply(std::string_view input) {
    const auto reply = wire::parse_route_reply(input);
    if (!reply || !reply->worker)
        return;
    const auto again = wire::parse_route_reply(reply->worker->grant.dump());
    require(again.has_value() && again->worker && again->worker->url == reply->worker->url &&
                again->worker->grant == reply->worker->grant && again->request_idx == reply->request_idx,
            "a grant survives being sent on");
}

void try_created(std::string_view input) {
    const auto session = wire::parse_session_created(input);
    if (!session)
        return;
    require(std::isfinite(session->expiration), "an expiration is finite");
    const auto again =
        wire::parse_session_created(wire::session_created(session->session_id, session->expiration));
    require(again.has_value() && again->session_id == session->session_id &&
                again->expiration == session->expiration,
            "a created session survives the way there and back");
}

}  // namespace

FUZZ_TARGET(report, 50) {
    try_message<wire::status_report>(input, wire::parse_status_report, wire::to_json);
    try_message<wire::completion_batch>(input, wire::parse_completion_batch, wire::to_json);
    try_message<wire::route_request>(input, wire::parse_route_request, wire::to_json);
    try_message<wire::workers_request>(input, wire::parse_workers_request, wire::to_json);
    try_message<std::vector<wire::worker_info>>(input, wire::parse_workers, wire::to_json);
    try_message<std::vector<wire::endpoint_info>>(input, wire::parse_endpoint_list, wire::endpoint_list);
    try_route_reply(input);
    try_created(input);
    require(!wire::parse_ok(input) || wire::json_value::parse(input).has_value(), "only JSON says ok");
    require(wire::parse_error(input).size() <= input.size(), "an error is part of the body");
}

}  // namespace nullworker::fuzz
