#include <nullworker/journal/state_format.hpp>
#include <nullworker/reservation/spent_grants.hpp>
#include <nullworker/wire/json_value.hpp>
#include <nullworker/wire/route_grant.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <limits>
#include <utility>

namespace nullworker::journal {
namespace {

using nlohmann::json;
using reservation::desk_state;
using reservation::ended_session;
using reservation::grant_trust;
using reservation::lease;

constexpr int format_version = 1;
constexpr std::size_t max_grants = 64;     // far above what the desk keeps
constexpr std::size_t max_id_length = 64;  // far above what the daemon makes
constexpr std::size_t max_claim_length = 64;
constexpr std::size_t max_rows = 1'000'000;  // far above what the outbox keeps
constexpr double max_sum = 1e18;             // of many costs

// No time lies later, so that differences and sums of times stay within 64 bits.
constexpr std::chrono::nanoseconds latest = std::chrono::hours(24 * 365 * 100);

// A value that no daemon writes. Ends in read_state, as nlohmann's own complaints about wrong types do.
[[noreturn]] void refuse_value(const char* what) {
    throw json::other_error::create(501, what, nullptr);
}

double within_range(const json& value, double least, double most) {
    if (!value.is_number())
        refuse_value("not a number");
    const auto number = value.get<double>();
    if (!(number >= least && number <= most))
        refuse_value("number out of range");
    return number;
}

std::int64_t integer(const json& value) {
    if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<std::int64_t>() < 0))
        refuse_value("not an integer");
    return value.get<std::int64_t>();
}

// No counter gets so far by counting, and from here on it can count without overflow.
std::int64_t count(const json& value) {
    constexpr std::int64_t most = std::int64_t{1} << 62U;
    const auto number = integer(value);
    if (number < 0 || number > most)
        refuse_value("not a count");
    return number;
}

// Grants and payloads are kept as text: they nest as deeply as a request may, and the file must not nest
// deeper.
wire::json_value embedded(const json& value) {
    const auto document = wire::json_value::parse(value.get_ref<const std::string&>());
    if (!document)
        refuse_value("an embedded document is no JSON");
    return *document;
}

std::int64_t nanoseconds(auto time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

template <class Clock>
typename Clock::time_point time_point(const json& value, std::chrono::nanoseconds earliest = {}) {
    const std::chrono::nanoseconds since_epoch(integer(value));
    if (since_epoch > latest || since_epoch < earliest)
        refuse_value("a time beyond all clocks");
    return typename Clock::time_point(std::chrono::duration_cast<typename Clock::duration>(since_epoch));
}

json to_document(const instant& time) {
    return {{"wall_ns", nanoseconds(time.wall)}, {"monotonic_ns", nanoseconds(time.monotonic)}};
}

// `earliest` is negative for what may have been before the machine started anew, by its monotonic clock.
instant read_instant(const json& document, std::chrono::nanoseconds earliest = {}) {
    return {time_point<std::chrono::steady_clock>(document.at("monotonic_ns"), earliest),
            time_point<std::chrono::system_clock>(document.at("wall_ns"))};
}

json to_document(const lease& held) {
    auto grants = json::array();
    for (const auto& grant : held.grants)
        grants.push_back(grant.dump());
    const auto& on_close = held.on_close;
    json out = {
        {"session_id", held.session_id},
        {"grants", std::move(grants)},
        {"verified", held.trust == grant_trust::verified},
        {"used", held.used},
        {"cost", held.cost},
        {"request_idx", held.request_idx},
        {"lifetime", held.lifetime.count()},
        {"created", to_document(held.created)},
        {"expires", to_document(held.expires)},
        {"close_route", on_close ? json(on_close->route) : json()},
        {"close_payload", (on_close ? on_close->payload : wire::json_value()).dump()},
    };
    // What a session seldom has is there only where it has it, and older files never have it.
    if (held.protected_until)
        out["protected_until"] = to_document(*held.protected_until);
    if (held.retiring)
        out["retiring"] = true;
    if (!held.claim.empty())
        out["claim"] = held.claim;
    return out;
}

std::string read_session_id(const json& value) {
    const auto& id = value.get_ref<const std::string&>();
    const bool fits = !id.empty() && id.size() <= max_id_length &&
                      std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c); });
    if (!fits)
        refuse_value("not a session id");
    return id;
}

std::string read_claim(const json& value) {
    const auto& claim = value.get_ref<const std::string&>();
    if (claim.empty() || claim.size() > max_claim_length)
        refuse_value("not a claim");
    return claim;
}

lease read_lease(const json& document) {
    const bool verified = document.at("verified").get_ref<const json::boolean_t&>();
    lease out;
    out.session_id = read_session_id(document.at("session_id"));
    for (const auto& grant : document.at("grants"))
        out.grants.push_back(embedded(grant));
    if (out.grants.empty() || out.grants.size() > max_grants)
        refuse_value("no grants, or too many");
    // Older files do not tell; its client had time enough to get it.
    out.used = !document.contains("used") || document.at("used").get_ref<const json::boolean_t&>();
    out.trust = verified ? grant_trust::verified : grant_trust::unverified;
    out.cost = within_range(document.at("cost"), std::numeric_limits<double>::denorm_min(), wire::max_cost);
    out.request_idx = integer(document.at("request_idx"));
    out.lifetime = seconds(within_range(document.at("lifetime"), 0.0, wire::longest_max_lifetime.count()));
    out.created = read_instant(document.at("created"), -latest);
    out.expires = read_instant(document.at("expires"));
    auto payload = embedded(document.at("close_payload"));
    if (const auto& route = document.at("close_route"); !route.is_null())
        out.on_close = {route.get<std::string>(), std::move(payload)};
    if (const auto until = document.find("protected_until"); until != document.end())
        out.protected_until = read_instant(*until);
    if (const auto retiring = document.find("retiring"); retiring != document.end())
        out.retiring = retiring->get_ref<const json::boolean_t&>();
    if (const auto claim = document.find("claim"); claim != document.end())
        out.claim = read_claim(*claim);
    return out;
}

json to_document(const ended_session& ended) {
    return {{"session_id", ended.session_id},
            {"grants", ended.grants},
            {"outcome", wire::to_string(ended.outcome)}};
}

ended_session read_ended(const json& document) {
    ended_session out{.session_id = read_session_id(document.at("session_id"))};
    for (const auto& grant : document.at("grants")) {
        if (!grant.is_number_unsigned())
            refuse_value("not a fingerprint");
        out.grants.push_back(grant.get<std::uint64_t>());
    }
    if (out.grants.empty() || out.grants.size() > max_grants)
        refuse_value("no grants, or too many");
    const auto outcome = wire::session_outcome_named(document.at("outcome").get_ref<const std::string&>());
    if (!outcome)
        refuse_value("an unknown outcome");
    out.outcome = *outcome;
    return out;
}

std::string read_spent(const json& value) {
    const auto& text = value.get_ref<const std::string&>();
    if (!reservation::spent_grants::is_text(text))
        refuse_value("not a list of spent grants");
    return text;
}

wire::completion read_row(const json& row) {
    constexpr double latest_second = std::chrono::duration<double>(latest).count();
    if (!row.is_array() || row.size() != 5)
        refuse_value("not a completion");
    const auto status = wire::completion_status_named(row[1].get_ref<const std::string&>());
    if (!status)
        refuse_value("an unknown status");
    return {.request_idx = integer(row[0]),
            .status = *status,
            .entered_queue_at = within_range(row[2], 0, latest_second),
            .work_started_at = within_range(row[3], 0, latest_second),
            .work_completed_at = within_range(row[4], 0, latest_second)};
}

saved_state read_document(const json& document) {
    if (document.at("nullworker_state") != format_version)
        refuse_value("not a state file of this version");
    saved_state out;
    out.owner.container_id = integer(document.at("container_id"));
    document.at("boot_id").get_to(out.owner.boot_id);
    if (const auto birth = document.find("init_birth"); birth != document.end())
        birth->get_to(out.owner.init_birth);
    if (const auto consumer = document.find("has_consumer"); consumer != document.end())
        out.owner.has_consumer = consumer->get_ref<const json::boolean_t&>();
    out.left.saved_at = read_instant(document.at("saved_at"));
    desk_state& state = out.left.state;
    state.generation = static_cast<std::uint64_t>(count(document.at("generation")));
    state.requests_received = count(document.at("requests_received"));
    state.owed.new_load = within_range(document.at("new_load"), 0, max_sum);
    state.owed.rej_load = within_range(document.at("rej_load"), 0, max_sum);
    state.owed.cur_perf = within_range(document.at("cur_perf"), 0, max_sum);
    if (const auto spent = document.find("spent_grants"); spent != document.end())
        state.spent = read_spent(*spent);
    if (const auto ended = document.find("ended"); ended != document.end())
        state.ended = read_ended(*ended);
    if (const auto& held = document.at("lease"); !held.is_null()) {
        state.holder = read_lease(held);
        state.holder->generation = state.generation;
    }
    const auto& rows = document.at("completions");
    if (!rows.is_array() || rows.size() > max_rows)
        refuse_value("no completions, or too many");
    for (const auto& row : rows)
        out.left.undelivered.push_back(read_row(row));
    return out;
}

}  // namespace

std::string state_row(const wire::completion& entry) {
    std::string out = '[' + std::to_string(entry.request_idx) + ",\"" + to_string(entry.status) + '"';
    for (const double time : {entry.entered_queue_at, entry.work_started_at, entry.work_completed_at}) {
        out += ',';
        wire::append_json(out, time);
    }
    return out + ']';
}

std::string write_state(const state_owner& owner, const desk_state& state, instant saved_at,
                        std::string_view rows) {
    json document = {
        {"nullworker_state", format_version}, {"container_id", owner.container_id},
        {"boot_id", owner.boot_id},           {"saved_at", to_document(saved_at)},
        {"generation", state.generation},     {"requests_received", state.requests_received},
        {"new_load", state.owed.new_load},    {"rej_load", state.owed.rej_load},
        {"cur_perf", state.owed.cur_perf},    {"lease", state.holder ? to_document(*state.holder) : json()},
    };
    if (!owner.init_birth.empty())
        document["init_birth"] = owner.init_birth;
    if (owner.has_consumer)
        document["has_consumer"] = true;
    if (state.ended)
        document["ended"] = to_document(*state.ended);
    auto out = wire::compact(document);
    out.pop_back();  // the brace, for one more member
    constexpr std::size_t names_of_members = 64;
    out.reserve(out.size() + state.spent.size() + rows.size() + names_of_members);
    out += ",\"spent_grants\":\"";
    out += state.spent;
    out += "\",\"completions\":[";
    out += rows;
    out += "]}\n";
    return out;
}

result<saved_state> read_state(std::string_view text) {
    const auto value = wire::json_value::parse(text);
    if (!value)
        return value.error();
    try {
        return read_document(value->document());
    } catch (const json::exception&) {
        return errc::unexpected_message;
    }
}

}  // namespace nullworker::journal
