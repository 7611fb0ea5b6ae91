#include <depth/redis_talk.hpp>
#include <nullworker/base/printable.hpp>
#include <vast/refusal.hpp>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace nullworker::client {
namespace {

using kind = resp_value::kind;

constexpr int most_turns = 5;
constexpr std::size_t longest_shown = 200;

// The word by which an error of Redis begins, which says what kind of error it is.
std::string_view code_of(std::string_view text) {
    return text.substr(0, text.find(' '));
}

// What to do about the errors that users meet.
struct remedy {
    std::string_view code;
    std::string_view what;
};
constexpr remedy remedies[] = {
    {"NOAUTH",
     "wants a password: put redis://:PASSWORD@HOST or redis://USER:PASSWORD@HOST into a variable, and say "
     "env:NAME"},
    {"DENIED", "serves nobody but its own machine, since it has no password (protected mode)"},
    {"NOPERM", "does not allow that to the user of the URL; it needs TYPE and the commands that count"},
    {"LOADING", "still loads its data, and answers once it has them"},
    {"MASTERDOWN", "is a replica that has lost its master"},
    {"CLUSTERDOWN", "is in a cluster that does not work at the moment"},
    {"ASK", "is in a cluster that moves these keys at the moment; ask again"},
    {"TRYAGAIN", "is in a cluster that moves these keys at the moment; ask again"},
};

// Where a cluster says that a key is: "MOVED 3999 127.0.0.1:6381". Without a host it is the one that said so.
std::optional<net::server_place> moved_to(std::string_view text, const net::server_place& from) {
    const auto place = text.substr(text.rfind(' ') + 1);
    const auto colon = place.rfind(':');
    if (code_of(text) != "MOVED" || colon == std::string_view::npos)
        return std::nullopt;
    const auto host = colon == 0 ? from.host : std::string(place.substr(0, colon));
    auto out = parse_host_and_port(bracketed(host) + std::string(place.substr(colon)), from.port);
    if (out)
        out->by = from.by;
    return out;
}

// Said by a server that closes the connection then, whatever it was asked.
bool is_farewell(const resp_value& reply) {
    return reply.is == kind::error &&
           (code_of(reply.text) == "DENIED" || reply.text.starts_with("ERR max number of clients"));
}

}  // namespace

redis_talk::redis_talk(redis_place where, redis_inquiry what)
    : x_where(std::move(where)), x_what(std::move(what)) {
    for (const auto& question : x_what.questions)
        x_questions.emplace_back(question);
}

std::string redis_talk::begin() {
    std::string out;
    x_reader = {};
    x_greetings.clear();
    const auto& [user, password] = x_where.who;
    if (!password.empty()) {
        x_greetings.push_back("AUTH");
        out += user.empty() ? resp_command({"AUTH", password}) : resp_command({"AUTH", user, password});
    }
    if (x_where.database != 0) {
        x_greetings.push_back("SELECT");
        out += resp_command({"SELECT", std::to_string(x_where.database)});
    }
    return out + ask();
}

// The commands of the next round.
std::string redis_talk::ask() {
    x_replies.clear();
    x_asked.clear();
    if (x_manner == manner::types) {
        for (std::size_t i = 0; i < x_questions.size(); ++i)
            if (x_questions[i].wants_type())
                x_asked.push_back(i);
        if (x_asked.empty())
            x_manner = manner::together;
    }
    if (x_manner == manner::together)
        for (std::size_t i = 0; i < x_questions.size(); ++i)
            x_asked.push_back(i);
    if (x_manner == manner::one_by_one)
        x_asked = {x_current};
    const bool is_one = x_manner == manner::together;
    std::string out = is_one ? resp_command({"MULTI"}) : "";
    x_expected = x_greetings.size() + (is_one ? 2 : 0);
    for (const auto question : x_asked)
        for (const auto& command : x_questions[question].commands()) {
            out += resp_command(command);
            ++x_expected;
        }
    return is_one ? out + resp_command({"EXEC"}) : out;
}

next_step redis_talk::hear(std::string_view bytes) {
    x_reader.feed(bytes);
    while (auto reply = x_reader.next()) {
        if (x_replies.empty() && is_farewell(*reply))
            return take_refusal(reply->text);
        x_replies.push_back(std::move(*reply));
    }
    if (x_reader.has_failed() || x_replies.size() > x_expected)
        return unclear();
    if (x_replies.size() < x_expected)
        return hear_on{};
    return take_replies();
}

next_step redis_talk::take_replies() {
    const auto greetings = std::exchange(x_greetings, {});
    for (std::size_t i = 0; i < greetings.size(); ++i) {
        const auto& reply = x_replies[i];
        if (reply.is != kind::error)
            continue;
        // What a server says of AUTH may repeat the password.
        if (std::string_view(greetings[i]) == "AUTH")
            return failed("does not take the user and password of the URL (" +
                          shown(std::string(code_of(reply.text))) +
                          "). Are they right, and is one set there?");
        if (code_of(reply.text) == "NOAUTH")
            return take_refusal(reply.text);
        return failed("has no database " + std::to_string(x_where.database) + " (" + shown(reply.text) + ")");
    }
    if (x_manner == manner::together)
        return take_transaction(greetings.size());
    return take_each(x_replies.data() + greetings.size(), x_replies.size() - greetings.size());
}

// MULTI, the commands, EXEC.
next_step redis_talk::take_transaction(std::size_t first) {
    if (x_replies[first].is == kind::error)
        return ask_one_by_one();
    for (auto i = first + 1; i < x_replies.size(); ++i)
        if (x_replies[i].is == kind::error) {
            const auto text = x_replies[i].text;
            return take_refusal(text);
        }
    const auto all = std::move(x_replies.back().items);
    return take_each(all.data(), all.size());
}

next_step redis_talk::take_each(const resp_value* replies, std::size_t count) {
    const std::span<const resp_value> all(replies, count);
    bool is_settled = true;
    std::size_t at = 0;
    for (const auto question : x_asked) {
        auto& asked = x_questions[question];
        const auto size = asked.commands().size();
        if (size > all.size() - at)
            return unclear();
        const auto taken = asked.take(all.subspan(at, size));
        at += size;
        if (taken == redis_asking::outcome::refused)
            return take_refusal(asked.refusal());
        if (taken == redis_asking::outcome::unclear)
            return unclear();
        is_settled = is_settled && taken == redis_asking::outcome::settled;
    }
    return at == all.size() ? go_on(is_settled) : unclear();
}

// The next round, or the end.
next_step redis_talk::go_on(bool is_settled) {
    if (x_manner == manner::one_by_one && is_settled) {
        ++x_current;
        x_turns = 0;
    }
    const bool is_last = x_manner == manner::one_by_one ? x_current == x_questions.size()
                                                        : x_manner == manner::together && is_settled;
    if (is_last) {
        redis_answers answers;
        std::ranges::transform(x_questions, std::back_inserter(answers), &redis_asking::answer);
        auto read = x_what.read(answers);
        if (!read)
            return failed("cannot tell: " + read.error().message);
        return read;
    }
    if (x_manner == manner::types)
        x_manner = manner::together;
    // Each key may turn out to have another type once or twice.
    if (++x_rounds > 4 * x_questions.size() + 4)
        return failed("has keys whose types change all the time");
    return say{ask()};
}

next_step redis_talk::take_refusal(const std::string& text) {
    const auto code = code_of(text);
    if (const auto there = moved_to(text, x_where.server)) {
        // All keys may be there, in one slot or in several of one node.
        if (x_manner != manner::one_by_one && x_turns > 0)
            return ask_one_by_one();
        if (++x_turns > most_turns)
            return failed("is in a cluster whose nodes send us from one to the next");
        x_where.server = *there;
        return turn_to{*there};
    }
    if (code == "CROSSSLOT" && x_manner != manner::one_by_one)
        return ask_one_by_one();
    const auto* const known = std::ranges::find(remedies, code, &remedy::code);
    if (known != std::end(remedies))
        return failed(std::string(known->what));
    return failed("refuses: " + shown(text));
}

next_step redis_talk::ask_one_by_one() {
    x_manner = manner::one_by_one;
    x_turns = 0;
    return say{ask()};
}

failure redis_talk::failed(const std::string& what) const {
    return {"Redis at " + name_of(x_where.server) + ' ' + what};
}

failure redis_talk::unclear() const {
    return failed(
        "says what cannot be read. Is it a Redis, and is the URL right? With TLS it begins with rediss://");
}

std::string redis_talk::shown(const std::string& text) const {
    return printable(without_key(text, x_where.who.password)).substr(0, longest_shown);
}

}  // namespace nullworker::client
