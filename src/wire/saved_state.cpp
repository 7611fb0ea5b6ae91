#include "reading.hpp"

#include <nullworker/wire/route_grant.hpp>
#include <nullworker/wire/saved_state.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <limits>
#include <utility>

namespace nullworker::wire {
namespace {

using nlohmann::json;

constexpr int format_version = 1;
constexpr std::size_t max_grants = 64;       // far above what the desk keeps
constexpr std::size_t max_id_length = 64;    // far above what the daemon makes
constexpr std::size_t max_rows = 1'000'000;  // far above what the outbox keeps
constexpr double max_sum = 1e18;             // of many costs

// No time lies later, so that differences and sums of times stay within 64 bits.
constexpr std::chrono::nanoseconds latest = std::chrono::hours(24 * 365 * 100);

// A value that no daemon writes. Ends in read_message, as nlohmann's own complaints about wrong types do.
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

std::int64_t count(const json& value) {
    const auto number = integer(value);
    if (number < 0)
        refuse_value("a negative count");
    return number;
}

// Grants and payloads are kept as text: they nest as deeply as a request may, and the file must not nest
// deeper.
json_value embedded(const json& value) {
    const auto document = json_value::parse(value.get_ref<const std::string&>());
    if (!document)
        refuse_value("an embedded document is no JSON");
    return *document;
}

std::int64_t nanoseconds(auto time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

template <class Clock>
typename Clock::time_point time_point(const json& value) {
    const std::chrono::nanoseconds since_epoch(count(value));
    if (since_epoch > latest)
        refuse_value("a time beyond all clocks");
    return typename Clock::time_point(std::chrono::duration_cast<typename Clock::duration>(since_epoch));
}

json to_document(const instant& time) {
    return {{"wall_ns", nanoseconds(time.wall)}, {"monotonic_ns", nanoseconds(time.monotonic)}};
}

instant read_instant(const json& document) {
    return {time_point<std::chrono::steady_clock>(document.at("monotonic_ns")),
            time_point<std::chrono::system_clock>(document.at("wall_ns"))};
}

json to_document(const saved_lease& lease) {
    auto grants = json::array();
    for (const auto& grant : lease.grants)
        grants.push_back(grant.dump());
    return {
        {"session_id", lease.session_id},
        {"grants", std::move(grants)},
        {"verified", lease.verified},
        {"cost", lease.cost},
        {"request_idx", lease.request_idx},
        {"lifetime", lease.lifetime.count()},
        {"created", to_document(lease.created)},
        {"expires", to_document(lease.expires)},
        {"close_route", lease.close_route ? json(*lease.close_route) : json()},
        {"close_payload", lease.close_payload.dump()},
    };
}

std::string read_session_id(const json& value) {
    const auto& id = value.get_ref<const std::string&>();
    const bool fits = !id.empty() && id.size() <= max_id_length &&
                      std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c); });
    if (!fits)
        refuse_value("not a session id");
    return id;
}

saved_lease read_lease(const json& document) {
    saved_lease out;
    out.session_id = read_session_id(document.at("session_id"));
    for (const auto& grant : document.at("grants"))
        out.grants.push_back(embedded(grant));
    if (out.grants.empty() || out.grants.size() > max_grants)
        refuse_value("no grants, or too many");
    out.verified = document.at("verified").get_ref<const json::boolean_t&>();
    out.cost = within_range(document.at("cost"), std::numeric_limits<double>::denorm_min(), max_cost);
    out.request_idx = integer(document.at("request_idx"));
    out.lifetime = seconds(within_range(document.at("lifetime"), 0.0, longest_max_lifetime.count()));
    out.created = read_instant(document.at("created"));
    out.expires = read_instant(document.at("expires"));
    if (const auto& route = document.at("close_route"); !route.is_null())
        out.close_route = route.get<std::string>();
    out.close_payload = embedded(document.at("close_payload"));
    return out;
}

completion read_row(const json& row) {
    constexpr double latest_second = std::chrono::duration<double>(latest).count();
    if (!row.is_array() || row.size() != 5)
        refuse_value("not a completion");
    const auto status = completion_status_named(row[1].get_ref<const std::string&>());
    if (!status)
        refuse_value("an unknown status");
    return {.request_idx = integer(row[0]),
            .status = *status,
            .entered_queue_at = within_range(row[2], 0, latest_second),
            .work_started_at = within_range(row[3], 0, latest_second),
            .work_completed_at = within_range(row[4], 0, latest_second)};
}

}  // namespace

void from_json(const json& document, saved_state& state) {
    if (document.at("nullworker_state") != format_version)
        refuse_value("not a state file of this version");
    state.container_id = integer(document.at("container_id"));
    document.at("boot_id").get_to(state.boot_id);
    state.saved_at = read_instant(document.at("saved_at"));
    state.desk.generation = static_cast<std::uint64_t>(count(document.at("generation")));
    state.desk.requests_received = count(document.at("requests_received"));
    state.desk.new_load = within_range(document.at("new_load"), 0, max_sum);
    state.desk.rej_load = within_range(document.at("rej_load"), 0, max_sum);
    state.desk.cur_perf = within_range(document.at("cur_perf"), 0, max_sum);
    if (const auto& lease = document.at("lease"); !lease.is_null())
        state.desk.lease = read_lease(lease);
    const auto& rows = document.at("completions");
    if (!rows.is_array() || rows.size() > max_rows)
        refuse_value("no completions, or too many");
    for (const auto& row : rows)
        state.completions.push_back(read_row(row));
}

std::string state_row(const completion& entry) {
    return compact(json::array({entry.request_idx, to_string(entry.status), entry.entered_queue_at,
                                entry.work_started_at, entry.work_completed_at}));
}

std::string to_json(const saved_state& state, std::string_view rows) {
    const auto& desk = state.desk;
    auto out = compact({
        {"nullworker_state", format_version},
        {"container_id", state.container_id},
        {"boot_id", state.boot_id},
        {"saved_at", to_document(state.saved_at)},
        {"generation", desk.generation},
        {"requests_received", desk.requests_received},
        {"new_load", desk.new_load},
        {"rej_load", desk.rej_load},
        {"cur_perf", desk.cur_perf},
        {"lease", desk.lease ? to_document(*desk.lease) : json()},
    });
    out.pop_back();  // the brace, for one more member
    out += ",\"completions\":[";
    out += rows;
    out += "]}\n";
    return out;
}

result<saved_state> parse_saved_state(std::string_view text) {
    return read_message<saved_state>(text);
}

}  // namespace nullworker::wire
