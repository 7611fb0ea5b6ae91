#include <follow/state_text.hpp>
#include <nullworker/wire/json_value.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace nullworker::client {
namespace {

using nlohmann::json;
using steady = std::chrono::steady_clock;

constexpr int format_version = 1;
constexpr double longest = 1e9;  // seconds that may be left of anything, and no session's time is so long

double monotonic_seconds(steady::time_point time) {
    return seconds(time.time_since_epoch()).count();
}

// When it is by both clocks: the wall clock counts where the machine was started anew.
json written_time(steady::time_point time, instant now) {
    return {monotonic_seconds(time), epoch_seconds(now.wall) + seconds(time - now.monotonic).count()};
}

// What is left until then.
steady::time_point read_time(const json& value, bool same_boot, instant now) {
    const double by_monotonic = value.at(0).get<double>() - monotonic_seconds(now.monotonic);
    const double by_wall = value.at(1).get<double>() - epoch_seconds(now.wall);
    const double left = same_boot ? by_monotonic : by_wall;
    return now.monotonic + to_ticks(seconds(std::clamp(left, -longest, longest)));
}

std::string line_of(const json& document) {
    return wire::compact(document) + '\n';
}

void read_heard(const json& line, bool same_boot, instant now, roster_entry& out) {
    out.until = read_time(line.at("until"), same_boot, now);
    out.retiring = line.value("retiring", false);
}

kept_session read_session(const json& line, bool same_boot, instant now) {
    kept_session out;
    out.entry.order = line.at("order").get<std::uint64_t>();
    out.request_idx = line.value("request_idx", std::int64_t{0});
    out.worker_url = line.value("worker_url", "");
    out.grant = line.value("grant", "");
    out.claim = line.value("claim", "");
    out.session_id = line.value("session_id", "");
    out.entry.offered = !out.claim.empty();
    out.entry.held = !out.session_id.empty();
    out.entry.unwanted = line.value("unwanted", false);
    out.entry.lost = line.value("lost", false);
    read_heard(line, same_boot, now, out.entry);
    return out;
}

// Nothing in a file of an earlier version, which did not say.
std::optional<state_owner> read_owner(const json& head) {
    if (!head.contains("endpoint_id"))
        return std::nullopt;
    return state_owner{head.at("autoscaler").get<std::string>(), head.at("endpoint_id").get<std::int64_t>()};
}

void read_line(const json& line, bool same_boot, instant now, std::map<int, kept_session>& out) {
    const int number = line.at("n").get<int>();
    if (line.contains("order"))
        out[number] = read_session(line, same_boot, now);
    else if (line.contains("gone"))
        out.erase(number);
    else
        read_heard(line, same_boot, now, out.at(number).entry);
}

}  // namespace

std::string state_head(const std::string& boot_id, const state_owner& owner) {
    return line_of({{"nullworker_follow", format_version},
                    {"boot_id", boot_id},
                    {"autoscaler", owner.autoscaler},
                    {"endpoint_id", owner.endpoint_id}});
}

std::string state_line(int number, const kept_session& one, instant now) {
    json line = {{"n", number},
                 {"order", one.entry.order},
                 {"request_idx", one.request_idx},
                 {"until", written_time(one.entry.until, now)}};
    for (const auto& [name, text] :
         {std::pair("worker_url", &one.worker_url), std::pair("grant", &one.grant),
          std::pair("claim", &one.claim), std::pair("session_id", &one.session_id)})
        if (!text->empty())
            line[name] = *text;
    for (const auto& [name, set] :
         {std::pair("unwanted", one.entry.unwanted && one.entry.held), std::pair("lost", one.entry.lost),
          std::pair("retiring", one.entry.retiring)})
        if (set)
            line[name] = true;
    return line_of(line);
}

std::string heard_line(int number, const roster_entry& entry, instant now) {
    json line = {{"n", number}, {"until", written_time(entry.until, now)}};
    if (entry.retiring)
        line["retiring"] = true;
    return line_of(line);
}

std::string gone_line(int number) {
    return line_of({{"n", number}, {"gone", true}});
}

outcome<std::map<int, kept_session>> read_state_text(std::string_view text, const std::string& boot_id,
                                                     const state_owner& owner, instant now) {
    std::map<int, kept_session> out;
    bool same_boot = false;
    std::size_t number = 0;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = text.find('\n', begin);
        if (end == std::string_view::npos)
            break;
        ++number;
        const auto line = wire::json_value::parse(text.substr(begin, end - begin));
        begin = end + 1;
        try {
            if (!line)
                return failure{"line " + std::to_string(number) + ": " + line.error().message()};
            const json& document = line->document();
            if (number > 1) {
                read_line(document, same_boot, now, out);
                continue;
            }
            if (document.at("nullworker_follow") != format_version)
                return failure{"it is of another version"};
            if (const auto theirs = read_owner(document); theirs && *theirs != owner)
                return failure{"it has the sessions of endpoint " + std::to_string(theirs->endpoint_id) +
                               " at " + theirs->autoscaler + ", and not those of endpoint " +
                               std::to_string(owner.endpoint_id) + " at " + owner.autoscaler};
            same_boot = !boot_id.empty() && document.at("boot_id") == boot_id;
        } catch (const std::exception&) {  // of nlohmann, and of a map without the session
            return failure{"line " + std::to_string(number) + " is none that follow writes"};
        }
    }
    return out;
}

void state_digest::put(int number, std::string line) {
    auto& here = x_lines[number];
    x_size = x_size - here.whole.size() - here.heard.size() + line.size();
    here = {std::move(line), {}};
}

void state_digest::hear(int number, std::string line) {
    auto& here = x_lines[number];
    x_size = x_size - here.heard.size() + line.size();
    here.heard = std::move(line);
}

void state_digest::drop(int number) {
    const auto here = x_lines.find(number);
    if (here == x_lines.end())
        return;
    x_size -= here->second.whole.size() + here->second.heard.size();
    x_lines.erase(here);
}

std::string state_digest::text() const {
    std::string out;
    out.reserve(x_size);
    for (const auto& entry : x_lines)
        (out += entry.second.whole) += entry.second.heard;
    return out;
}

}  // namespace nullworker::client
