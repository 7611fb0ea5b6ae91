#include "fuzz_target.hpp"
#include "refusals.hpp"

#include <nullworker/wire/routing.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <string>

// The bodies of /session/end, /session/retire and their like, and the answers that repeat what is in them.
namespace nullworker::fuzz {
namespace {

void require_json(const std::string& body) {
    require(wire::json_value::parse(body).has_value(), "an answer is JSON");
}

}  // namespace

FUZZ_TARGET(session_body, 100) {
    const auto session = wire::parse_session_reference(input);
    if (!session)
        return require_refusal(session.error());
    require(!session->session_id.empty(), "a session has a name");
    require(equals_itself(session->session_auth), "a grant equals itself");

    const auto again =
        wire::parse_session_reference(wire::session_body(session->session_id, session->session_auth));
    require(again.has_value() && again->session_id == session->session_id &&
                again->session_auth == session->session_auth,
            "a reference survives the way there and back");

    const auto retired = wire::parse_retire(input);
    if (retired)
        require(retired->session.session_id == session->session_id, "a retirement is of the same session");
    else
        require_refusal(retired.error());

    require_json(wire::session_ended(session->session_id));
    require_json(wire::session_stands({.session_id = session->session_id}));
    require_json(wire::session_not_found(session->session_id));
    const auto idle = wire::session_not_found(session->session_id, wire::session_outcome::idle);
    require(wire::parse_session_outcome(idle) == wire::session_outcome::idle,
            "an outcome survives the way to the client");
    wire::session_description description;
    description.session_id = session->session_id;
    description.auth_data = session->session_auth;
    description.on_close_payload = session->session_auth;
    require_json(wire::session_described(description));
}

}  // namespace nullworker::fuzz
