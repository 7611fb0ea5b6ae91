#include "conversion.hpp"
#include "request_checks.hpp"

#include <nullworker/wire/session_messages.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace nullworker::wire {
namespace {

using nlohmann::json;

// ---- the six fields of a grant, each with the check it must pass -------------------------------------

// nullptr, or what is wrong with the value.
using check = const char* (*)(const json& value);

const char* is_string(const json& value) {
    return value.is_string() ? nullptr : "must be a string";
}

const char* is_integer(const json& value) {
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() ||
                       value.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()});
    return fits ? nullptr : "must be an integer";
}

// Costs are added up in reports, and a sum must stay finite: there is no infinity in JSON.
const char* is_cost(const json& value) {
    if (const char* fault = is_positive(value))
        return fault;
    return value.get<double>() <= max_cost ? nullptr : "must be at most 1e9";
}

struct grant_field {
    const char* name;
    check valid;
    bool optional_when_debugging;
};

constexpr std::array grant_fields = {
    grant_field{"cost", is_cost, true},        grant_field{"endpoint", is_string, true},
    grant_field{"reqnum", is_integer, true},   grant_field{"request_idx", is_integer, false},
    grant_field{"signature", is_string, true}, grant_field{"url", is_string, false},
};

// Every fault of a grant, by field; empty when there is none.
json grant_faults(const json& grant, grant_form form) {
    json faults = json::object();
    for (const auto& field : grant_fields) {
        const auto found = grant.find(field.name);
        if (found == grant.end()) {
            if (form == grant_form::complete || !field.optional_when_debugging)
                faults[field.name] = "missing parameter";
        } else if (const char* fault = field.valid(*found)) {
            faults[field.name] = fault;
        }
    }
    return faults;
}

// `grant` must have passed grant_faults.
route_grant read_grant(const json& grant) {
    route_grant out;
    out.url = grant.value("url", out.url);
    out.endpoint = grant.value("endpoint", out.endpoint);
    out.signature = grant.value("signature", out.signature);
    out.cost = grant.value("cost", out.cost);
    out.reqnum = grant.value("reqnum", out.reqnum);
    out.request_idx = grant.value("request_idx", out.request_idx);
    out.document = json_value(grant);
    return out;
}

// ---- the envelope ---------------------------------------------------------------------------------

json member(const json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() ? json() : *found;
}

// The truth of a value in the framework's language: what it takes for "missing".
bool is_falsy(const json& value) {
    if (value.is_null() || value == false)
        return true;
    if (value.is_number())
        return value == 0;
    if (value.is_string())
        return value.get_ref<const std::string&>().empty();
    return value.is_structured() && value.empty();
}

const char* lifetime_fault(const json& lifetime, seconds longest) {
    if (const char* fault = is_positive(lifetime))
        return fault;
    return lifetime.get<double>() <= longest.count() ? nullptr : "exceeds the configured maximum";
}

const char* close_route_fault(const json& route) {
    if (!route.is_string())
        return "must be null or a string";
    const auto& text = route.get_ref<const std::string&>();
    const bool usable =
        text.empty() || text.starts_with("http://") || text.starts_with("https://") || text.starts_with('/');
    return usable ? nullptr : "must be an http(s):// URL or start with '/'";
}

// What a client asks for its session again with: too long to be guessed, and always of the same length.
const char* claim_fault(const json& claim) {
    constexpr std::size_t digits = 64;
    if (!claim.is_string())
        return "must be null or a string";
    const auto& text = claim.get_ref<const std::string&>();
    const bool usable =
        text.size() == digits && text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    return usable ? nullptr : "must be 64 hexadecimal digits";
}

parsed<session_reference> read_reference(const json& message) {
    const json id = member(message, "session_id");
    if (is_falsy(id))
        return refuse("missing session_id");
    if (!id.is_string())
        return refuse("session_id", "must be a string");
    return session_reference{id.get<std::string>(), json_value(member(message, "session_auth"))};
}

}  // namespace

parsed<create_request> parse_create(std::string_view body, const create_limits& limits) {
    const auto envelope = parse_object(body);
    if (!envelope)
        return envelope.error();
    const json& message = envelope->document();

    const json grant = member(message, "auth_data");
    if (!grant.is_object())
        return refuse("auth_data", message.contains("auth_data") ? "must be an object" : "missing");
    if (const auto faults = grant_faults(grant, limits.form); !faults.empty()) {
        const auto first = faults.begin();
        return refuse("auth_data." + first.key(), first.value().get<std::string>());
    }
    if (const json id = member(message, "session_id"); !id.is_null() && !id.is_string())
        return refuse("session_id", "must be null or a string");
    const json payload = member(message, "payload");
    if (!payload.is_object())
        return refuse("payload", message.contains("payload") ? "must be an object" : "missing");

    create_request out;
    if (const auto lifetime = payload.find("lifetime"); lifetime != payload.end()) {
        if (const char* fault = lifetime_fault(*lifetime, limits.max_lifetime))
            return refuse("lifetime", fault);
        out.lifetime = seconds(lifetime->get<double>());
    }
    if (out.lifetime > limits.max_lifetime)
        out.lifetime = limits.max_lifetime;
    if (const json route = member(payload, "on_close_route"); !route.is_null()) {
        if (const char* fault = close_route_fault(route))
            return refuse("on_close_route", fault);
        // An empty one is none, as it is to the framework.
        if (auto text = route.get<std::string>(); !text.empty()) {
            out.on_close_route = std::move(text);
            out.on_close_payload = json_value(member(payload, "on_close_payload"));
        }
    }
    if (const json claim = member(payload, "claim"); !claim.is_null()) {
        if (const char* fault = claim_fault(claim))
            return refuse("claim", fault);
        out.claim = claim.get<std::string>();
    }
    out.grant = read_grant(grant);
    return out;
}

parsed<retire_request> parse_retire(std::string_view body) {
    struct meaning {
        const char* word;
        retire_when when;
    };
    constexpr std::array meanings = {meaning{"idle", retire_when::idle}, meaning{"done", retire_when::done},
                                     meaning{"never", retire_when::never}};
    const auto envelope = parse_object(body);
    if (!envelope)
        return envelope.error();
    const auto session = read_reference(envelope->document());
    if (!session)
        return session.error();
    const json wanted = member(envelope->document(), "when");
    if (wanted.is_null())
        return retire_request{.session = *session};
    for (const auto& [word, when] : meanings)
        if (wanted == word)
            return retire_request{*session, when};
    return refuse("when", "must be idle, done or never");
}

parsed<session_reference> parse_session_reference(std::string_view body) {
    const auto envelope = parse_object(body);
    if (!envelope)
        return envelope.error();
    return read_reference(envelope->document());
}

parsed<ping_request> parse_ping(std::string_view body, grant_form form) {
    const auto envelope = parse_object(body);
    if (!envelope)
        return envelope.error();
    const json& message = envelope->document();

    json faults = json::object();
    const auto grant = message.find("auth_data");
    if (grant == message.end())
        faults["auth_data"] = "field missing";
    else if (!grant->is_object())
        faults["auth_data"] = "must be a dictionary";
    else if (auto found = grant_faults(*grant, form); !found.empty())
        faults["auth_data"] = std::move(found);
    const auto payload = message.find("payload");
    if (payload == message.end())
        faults["payload"] = "field missing";
    else if (!payload->is_object())
        faults["payload"] = {{"data", "payload must be a dictionary"}};
    const json id = member(message, "session_id");
    if (!id.is_null() && !id.is_string())
        faults["session_id"] = "must be null or a string";
    if (!faults.empty())
        return refusal{compact(faults)};

    ping_request out;
    out.grant = read_grant(*grant);
    if (id.is_string())
        out.session_id = id.get<std::string>();
    return out;
}

std::string session_created(const std::string& session_id, double expiration) {
    return compact({{"session_id", session_id}, {"expiration", expiration}});
}

std::string session_described(const session_description& session) {
    return compact({
        {"session_id", session.session_id},
        {"auth_data", session.auth_data.document()},
        {"lifetime", session.lifetime.count()},
        {"expiration", session.expiration},
        {"created_at", session.created_at},
        {"on_close_route", session.on_close_route},
        {"on_close_payload", session.on_close_payload.document()},
    });
}

std::string session_ended(const std::string& session_id) {
    return compact({{"ended", true}, {"removed_session", session_id}});
}

std::string session_retiring(double protected_until, double remaining) {
    return compact({{"ended", false}, {"protected_until", protected_until}, {"remaining", remaining}});
}

std::string session_busy(double protected_for) {
    return compact({{"protected", protected_for}});
}

std::string session_kept() {
    return compact({{"ended", false}, {"retiring", false}});
}

std::string session_stands(const session_standing& standing) {
    json out = {{"session_id", standing.session_id},
                {"remaining", standing.remaining},
                {"protected", standing.protected_for},
                {"retiring", standing.retiring}};
    if (standing.worker_id)
        out["worker_id"] = *standing.worker_id;
    return compact(out);
}

std::string session_not_found(const std::string& session_id, std::optional<session_outcome> ended) {
    json out = {{"error", "session with id " + session_id + " not found"}};
    if (ended)
        out["outcome"] = to_string(*ended);
    return compact(out);
}

std::string ok(bool value) {
    return value ? R"({"ok":true})" : R"({"ok":false})";
}

std::string ping_result() {
    return R"({"result":{"ok":true}})";
}

std::string error(const std::string& what) {
    return compact({{"error", what}});
}

std::string close_callback(const json_value& payload, const std::string& session_id) {
    json body = payload.document();
    if (body.is_null())
        body = json::object();
    else if (!body.is_object())
        body = {{"payload", payload.document()}};
    // The receiver's own "session_id", if it asked for one, wins.
    body.emplace("session_id", session_id);
    return compact(body);
}

}  // namespace nullworker::wire
