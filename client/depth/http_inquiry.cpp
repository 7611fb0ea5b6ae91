#include <depth/http_inquiry.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/printable.hpp>
#include <nullworker/wire/json_value.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

namespace nullworker::client {
namespace {

using nlohmann::json;

constexpr std::size_t shown_of_a_value = 60;

// The number of jobs that a value is; nothing where it is none.
std::optional<std::int64_t> jobs_in(const json& value) {
    if (!value.is_number())
        return std::nullopt;
    const auto number = value.get<double>();
    const bool good = number >= 0 && number <= static_cast<double>(most_jobs) && std::floor(number) == number;
    return good ? std::optional(static_cast<std::int64_t>(number)) : std::nullopt;
}

std::string shown_value(const json& value) {
    return printable(wire::compact(value).substr(0, shown_of_a_value));
}

failure complaint(const http_inquiry& asked, const std::string& what) {
    return {asked.server + ' ' + what};
}

// What a member is that was asked for by a name, and is no number of jobs.
std::string not_a_number(const std::string& name, const json* found) {
    if (!found)
        return "tells no " + name;
    return found->is_null()
               ? "tells null for " + name + ", so it does not know yet"
               : "tells " + shown_value(*found) + " for " + name + ", which is no number of jobs";
}

const json* member_of(const json& object, const char* name) {
    if (!object.is_object())
        return nullptr;
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

// The elements of a member that is a list; none where it is none.
const json& list_in(const json& object, const char* name) {
    static const json none = json::array();
    const auto* found = member_of(object, name);
    return found && found->is_array() ? *found : none;
}

std::string text_in(const json& object, const char* name) {
    const auto* found = member_of(object, name);
    return found && found->is_string() ? found->get<std::string>() : std::string();
}

// The sum of some members, or what is wrong with the first that is no number of jobs.
outcome<figure> sum_of_members(const json& object, std::initializer_list<const char*> names) {
    figure out;
    for (const auto* name : names) {
        const auto* found = member_of(object, name);
        const auto number = found ? jobs_in(*found) : std::nullopt;
        if (!number)
            return failure{not_a_number(name, found)};
        out.jobs = sum_of_jobs(out.jobs, *number);
    }
    return out;
}

// All that is asked of a document; who reads it says what is wrong, without whose it is.
http_inquiry inquiry(const http_place& where, const std::string& path, std::string server,
                     std::function<http_reading(const json&)> read) {
    if (!path.empty() && where.base.target.find('?') != std::string::npos)
        throw startup_error(where.base.origin() + ": the URL of " + server + " ends before a question mark");
    http_inquiry out{.target = path.empty() ? where.base : join(where.base, path),
                     .who = where.who,
                     .server = std::move(server) + " at " + where.base.origin()};
    out.read = [read = std::move(read)](const std::string& body) -> http_reading {
        const auto document = wire::json_value::parse(body);
        if (!document)
            return outcome<figure>(failure{"answers what is no JSON; it begins: " +
                                           printable(body.substr(0, shown_of_a_value))});
        return read(document->document());
    };
    return out;
}

// ---- NATS ----

struct nats_names {
    std::string stream;
    std::string consumer;
};

// The stream of that name in every account that is told of.
std::vector<const json*> streams_named(const json& told, const std::string& name) {
    std::vector<const json*> out;
    for (const auto& account : list_in(told, "account_details"))
        for (const auto& stream : list_in(account, "stream_detail"))
            if (text_in(stream, "name") == name)
                out.push_back(&stream);
    return out;
}

// The figures of others lag behind those of the leader.
http_reading if_it_leads(const http_place& where, const std::string& leader, figure told) {
    const auto read = [leader, told = std::move(told)](const json& server) -> http_reading {
        const auto name = text_in(server, "server_name");
        if (name == leader)
            return outcome<figure>(told);
        return outcome<figure>(
            failure{"is " + in_quotes(name) + ", and " + in_quotes(leader) +
                    " leads the consumer, of which others have old figures; name the URLs of "
                    "all servers with commas between them"});
    };
    return std::make_shared<const http_inquiry>(inquiry(where, "/varz", "NATS", read));
}

http_reading read_jetstream(const http_place& where, const nats_names& names, const json& told) {
    const auto fail = [](const std::string& why) { return outcome<figure>(failure{why}); };
    const auto streams = streams_named(told, names.stream);
    if (streams.empty())
        return fail("knows no stream " + in_quotes(names.stream) +
                    "; is its name right, and its account (--account)?");
    if (streams.size() > 1)
        return fail("knows streams " + in_quotes(names.stream) +
                    " of several accounts; say which by --account");
    for (const auto& consumer : list_in(*streams[0], "consumer_detail")) {
        if (text_in(consumer, "name") != names.consumer)
            continue;
        auto out = sum_of_members(consumer, {"num_pending", "num_ack_pending"});
        const auto* cluster = member_of(consumer, "cluster");
        if (!out || !cluster)
            return out;
        const auto leader = text_in(*cluster, "leader");
        return leader.empty() ? http_reading(fail("says that the consumer has no leader at the moment"))
                              : if_it_leads(where, leader, std::move(*out));
    }
    return fail("knows no consumer " + in_quotes(names.consumer) + " of the stream " +
                in_quotes(names.stream));
}

// ---- any JSON ----

using pointers = std::vector<std::pair<std::string, json::json_pointer>>;

outcome<figure> sum_at(const pointers& places, const json& told) {
    figure out;
    for (const auto& [text, place] : places) {
        const auto* found = told.contains(place) ? &told.at(place) : nullptr;
        const auto number = found ? jobs_in(*found) : std::nullopt;
        if (!number)
            return failure{not_a_number(text, found)};
        out.jobs = sum_of_jobs(out.jobs, *number);
    }
    return out;
}

json::json_pointer parse_pointer(const std::string& text) {
    try {
        return json::json_pointer(text);
    } catch (const json::exception&) {
        throw startup_error(in_quotes(text) +
                            " is no JSON pointer: it begins with a slash, as in /queues/0/messages");
    }
}

}  // namespace

http_reading read_answer(const http_inquiry& asked, const net::reply& answer) {
    constexpr unsigned unauthorized = 401;
    constexpr unsigned forbidden = 403;
    constexpr unsigned not_found = 404;
    if (answer.status == unauthorized || answer.status == forbidden)
        return outcome<figure>(complaint(
            asked, "refuses with status " + std::to_string(answer.status) +
                       (asked.who.user.empty()
                            ? ": put user and password into the URL, that into a variable, and say "
                              "env:NAME"
                            : ": are user and password of the URL right, and may they read this?")));
    if (answer.status == not_found)
        return outcome<figure>(complaint(asked, asked.not_found));
    if (!net::is_success(answer))
        return outcome<figure>(complaint(asked, "answers " + printable(net::described_status(answer))));
    auto read = asked.read(answer.body);
    if (const auto* told = std::get_if<outcome<figure>>(&read); told && !*told)
        return outcome<figure>(complaint(asked, told->error().message));
    return read;
}

http_inquiry ask_rabbitmq(const http_place& where, const std::string& queue,
                          const std::string& virtual_host) {
    auto out =
        inquiry(where, "/api/queues/" + path_segment(virtual_host) + '/' + path_segment(queue), "RabbitMQ",
                [](const json& told) -> http_reading { return sum_of_members(told, {"messages"}); });
    out.not_found = "knows no queue " + in_quotes(queue) + " in the virtual host " + in_quotes(virtual_host) +
                    ", or is not its management API";
    return out;
}

http_inquiry ask_nats(const http_place& where, const std::string& stream, const std::string& consumer,
                      const std::string& account) {
    const nats_names names{stream, consumer};
    auto out =
        inquiry(where, "/jsz?consumers=true" + (account.empty() ? "" : "&acc=" + path_segment(account)),
                "NATS", [where, names](const json& told) { return read_jetstream(where, names, told); });
    out.not_found = "knows nothing of JetStream there; is it the monitoring port (http_port, 8222)?";
    return out;
}

http_inquiry ask_for_members(const http_place& where, const std::vector<std::string>& texts) {
    pointers places;
    for (const auto& text : texts)
        places.emplace_back(text, parse_pointer(text));
    auto out = inquiry(where, "", "the server",
                       [places](const json& told) -> http_reading { return sum_at(places, told); });
    out.not_found = "answers 404 for " + where.base.target.substr(0, where.base.target.find('?'));
    return out;
}

}  // namespace nullworker::client
