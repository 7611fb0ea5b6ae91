#include <depth/redis_asking.hpp>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace nullworker::client {
namespace {

using about = redis_question::about;
using kind = resp_value::kind;

constexpr std::string_view stream_type = "stream";

// Of an empty queue there is no key. What will be there is a list as a rule.
constexpr std::string_view presumed_type = "list";

// Of the entries of a stream that are counted one by one.
constexpr std::size_t most_entries = 1000;

// How the elements of a key of each type are counted.
struct counter {
    std::string_view type;
    std::string_view command;
    std::string_view noun;
};
constexpr counter counters[] = {
    {"list", "LLEN", "a list"},
    {"set", "SCARD", "a set"},
    {"hash", "HLEN", "a hash"},
    {"zset", "ZCARD", "a sorted set"},
};

const counter* counter_of(std::string_view type) {
    const auto* const found = std::ranges::find(counters, type, &counter::type);
    return found == std::end(counters) ? nullptr : found;
}

const resp_value* field_of(const std::vector<resp_value>& fields, std::string_view name) {
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2)
        if (fields[i].text == name)
            return &fields[i + 1];
    return nullptr;
}

std::string name_in(const resp_value& group) {
    const auto* name = field_of(group.items, "name");
    return name ? name->text : std::string();
}

bool is_count(const resp_value& value) {
    return value.is == kind::number && value.number >= 0 && value.number <= most_jobs;
}

// The smallest id behind `id`, 5-7: an older Redis knows no range without its ends.
std::string id_behind(const std::string& id) {
    const auto dash = id.find('-');
    if (dash == std::string::npos)
        return {};
    std::uint64_t number = 0;
    const auto* const end = id.data() + id.size();
    const auto [stop, ec] = std::from_chars(id.data() + dash + 1, end, number);
    return ec == std::errc() && stop == end ? id.substr(0, dash + 1) + std::to_string(number + 1)
                                            : std::string();
}

}  // namespace

bool redis_asking::wants_type() const {
    return x_question.what == about::amount && x_type.empty();
}

std::vector<redis_command> redis_asking::commands() const {
    const auto& key = x_question.key;
    if (x_question.what == about::presence)
        return {{"EXISTS", key}};
    if (x_question.what == about::due)
        return {{"ZCOUNT", key, "-inf", std::to_string(x_question.most)}};
    if (x_question.what == about::field)
        return {{"HEXISTS", key, x_question.field}};
    std::vector<redis_command> out = {{"TYPE", key}};
    const auto* by = counter_of(x_type);
    if (by && x_question.group.empty())
        out.push_back({std::string(by->command), key});
    if (x_type == stream_type && !x_question.group.empty()) {
        out.push_back({"XINFO", "GROUPS", key});
        if (!x_after.empty())
            out.push_back({"XRANGE", key, id_behind(x_after), "+", "COUNT", std::to_string(most_entries)});
    }
    return out;
}

redis_asking::outcome redis_asking::take(std::span<const resp_value> replies) {
    if (replies.size() != commands().size())
        return outcome::unclear;
    if (replies[0].is == kind::error)
        return refuse(replies[0]);
    return x_question.what == about::amount ? take_amount(replies) : take_number(replies[0]);
}

redis_asking::outcome redis_asking::take_number(const resp_value& reply) {
    return is_count(reply) ? settle({.is_there = reply.number > 0, .amount = reply.number})
                           : outcome::unclear;
}

redis_asking::outcome redis_asking::take_amount(std::span<const resp_value> replies) {
    const bool is_missing = replies[0].text == "none";
    if (is_missing && !x_type.empty())
        return settle({.is_there = false});
    const auto type = is_missing ? std::string(presumed_type) : replies[0].text;
    if (replies[0].is != kind::text || type.empty())
        return outcome::unclear;
    if (std::exchange(x_type, type) != type)
        return outcome::again;
    const auto name = in_quotes(x_question.key);
    if (type == stream_type && x_question.group.empty())
        return settle({.is_there = true,
                       .wrong = name + " is a stream: name the group whose work is counted, as in " +
                                in_quotes(x_question.key + "@GROUP")});
    if (type == stream_type)
        return take_groups(replies);
    const auto* by = counter_of(type);
    if (!by)
        return settle(
            {.is_there = true, .wrong = name + " is of the type " + type + ", which has no jobs in it"});
    if (!x_question.group.empty())
        return settle({.is_there = true,
                       .wrong = name + " is " + std::string(by->noun) +
                                " and no stream, so it has no group " + in_quotes(x_question.group)});
    if (replies[1].is == kind::error)
        return refuse(replies[1]);
    return is_count(replies[1]) ? settle({.is_there = true, .amount = replies[1].number}) : outcome::unclear;
}

redis_asking::outcome redis_asking::take_groups(std::span<const resp_value> replies) {
    for (const auto& reply : replies)
        if (reply.is == kind::error)
            return refuse(reply);
    std::string known;
    for (const auto& group : replies[1].items) {
        if (name_in(group) == x_question.group)
            return take_group(group.items, replies);
        known += (known.empty() ? "" : ", ") + name_in(group);
    }
    return settle({.is_there = true,
                   .wrong = "the stream " + in_quotes(x_question.key) + " has no group " +
                            in_quotes(x_question.group) +
                            (known.empty() ? "; it has none: a consumer makes it by XGROUP CREATE"
                                           : "; its groups are " + known)});
}

// What waits is what Redis calls the lag. Where it cannot tell, since entries were deleted behind the last
// one that was delivered, or since it is older than 7, these entries are counted.
redis_asking::outcome redis_asking::take_group(const std::vector<resp_value>& fields,
                                               std::span<const resp_value> replies) {
    const auto* pending = field_of(fields, "pending");
    const auto* last = field_of(fields, "last-delivered-id");
    const auto* lag = field_of(fields, "lag");
    if (!pending || !is_count(*pending) || !last || id_behind(last->text).empty())
        return outcome::unclear;
    const auto counted = [&](std::size_t waiting, std::string remark) {
        return settle({.is_there = true,
                       .amount = sum_of_jobs(pending->number, static_cast<std::int64_t>(waiting)),
                       .remark = std::move(remark)});
    };
    if (lag && is_count(*lag))
        return counted(static_cast<std::size_t>(lag->number), {});
    if (lag && lag->is != kind::null)
        return outcome::unclear;
    // Entries that were delivered meanwhile are pending, and counted twice.
    if (x_after.empty()) {
        x_after = last->text;
        return outcome::again;
    }
    const auto entries = replies[2].items.size();
    return counted(entries, entries < most_entries ? std::string()
                                                   : "Redis does not tell how much waits in the stream " +
                                                         in_quotes(x_question.key) + ", and no more than " +
                                                         std::to_string(most_entries) +
                                                         " entries are counted: it is that or more");
}

redis_asking::outcome redis_asking::settle(redis_answer answer) {
    x_answer = std::move(answer);
    return outcome::settled;
}

redis_asking::outcome redis_asking::refuse(const resp_value& reply) {
    x_refusal = reply.text;
    return outcome::refused;
}

}  // namespace nullworker::client
