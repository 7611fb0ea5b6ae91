#include <depth/place.hpp>
#include <nullworker/base/environment.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/query.hpp>

#include <boost/url/encode.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

namespace nullworker::client {
namespace {

constexpr std::uint16_t redis_port = 6379;
constexpr std::string_view variable_prefix = "env:";

// A word and what it stands for.
struct place_text {
    std::string text;
    std::string name;  // by which a message may call it
    bool is_hidden = false;
};

// What is said of a word that is none of what is wanted.
[[noreturn]] void refuse(const place_text& place, const std::string& why) {
    throw startup_error(place.name + ": " + why);
}

place_text read_variable(const std::string& word) {
    const auto variable = word.substr(variable_prefix.size());
    const char* value = environment(variable);
    if (!value)
        throw startup_error(word + ": the variable " + variable + " is not set; export it where this runs");
    return {.text = tidied(value, leftovers::all).text, .name = word, .is_hidden = true};
}

place_text read_place(const std::string& word) {
    if (word.starts_with(variable_prefix))
        return read_variable(word);
    return {.text = word, .name = without_secrets(word)};
}

template <class Text>
std::string to_string(const Text& text) {
    return {text.data(), text.size()};
}

// The parts that are common to all URLs.
struct url_parts {
    std::string scheme;
    std::string host_and_port;  // as it is written
    credentials who;
    std::string path;   // as it is written
    std::string query;  // the same
};

// Of "redis://h:x" the library makes a host and a path that begins with no slash.
bool has_odd_path(const boost::urls::url_view& parsed) {
    const auto path = to_string(parsed.encoded_path());
    return !path.empty() && !path.starts_with('/');
}

void refuse_visible_password(const place_text& place, const boost::urls::url_view& parsed) {
    if (!place.is_hidden && parsed.has_password())
        refuse(
            place,
            "it has a password, and a command line is no place for one: every user of this machine can read "
            "it; put the URL into a variable and say env:NAME");
}

url_parts split(const place_text& place, const std::string& wanted) {
    const auto parsed = boost::urls::parse_uri(place.text);
    if (!parsed || !parsed->has_authority() || parsed->has_fragment() || has_odd_path(*parsed))
        refuse(place,
               "is no URL such as " + wanted +
                   "; in user and password all but letters and digits is percent-encoded, a slash as %2F");
    refuse_visible_password(place, *parsed);
    auto scheme = to_string(parsed->scheme());
    std::ranges::transform(scheme, scheme.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return {.scheme = std::move(scheme),
            .host_and_port = to_string(parsed->encoded_host_and_port()),
            .who = {percent_decoded(to_string(parsed->encoded_user())),
                    percent_decoded(to_string(parsed->encoded_password()))},
            .path = to_string(parsed->encoded_path()),
            .query = to_string(parsed->encoded_query())};
}

std::optional<std::int64_t> read_database(std::string_view text) {
    std::int64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, ec] = std::from_chars(text.data(), end, number);
    const bool good = ec == std::errc() && stop == end && number >= 0;
    return good ? std::optional(number) : std::nullopt;
}

// The number behind the slash, or that of `?db=`, which beats it as in redis-py.
std::int64_t database_of(const place_text& place, const url_parts& parts) {
    auto text = query_value(parts.query, "db");
    if (text.empty() && parts.path.size() > 1)
        text = percent_decoded(parts.path.substr(1));
    const auto number = text.empty() ? std::int64_t{0} : read_database(text);
    if (!number)
        refuse(place, "behind the slash stands the number of a database of Redis, 0 where there is none");
    return *number;
}

http_place http_place_of(const place_text& place) {
    const std::string wanted = "http://HOST:PORT or https://HOST:PORT";
    auto parts = split(place, wanted);
    auto bare = parse_url(parts.scheme + "://" + parts.host_and_port + parts.path +
                          (parts.query.empty() ? "" : '?' + parts.query));
    if (!bare)
        refuse(place, "is no URL such as " + wanted);
    return {.base = std::move(*bare), .who = std::move(parts.who)};
}

}  // namespace

http_place read_http_place(const std::string& word) {
    return http_place_of(read_place(word));
}

std::vector<http_place> read_http_places(const std::string& word) {
    auto place = read_place(word);
    const auto all = std::exchange(place.text, {});
    std::vector<http_place> out;
    for (std::size_t begin = 0; begin <= all.size();) {
        const auto end = std::min(all.find(',', begin), all.size());
        place.text = tidied(std::string_view(all).substr(begin, end - begin), leftovers::all).text;
        out.push_back(http_place_of(place));
        begin = end + 1;
    }
    return out;
}

redis_place read_redis_place(const std::string& word) {
    const std::string wanted = "redis://HOST:PORT/DB, or rediss:// with TLS";
    const auto place = read_place(word);
    auto parts = split(place, wanted);
    if (parts.scheme != "redis" && parts.scheme != "rediss")
        refuse(place, "the scheme is none of redis and rediss");
    if (!parts.who.user.empty() && parts.who.password.empty())
        refuse(place,
               "it has a user and no password; a password alone stands behind a colon: redis://:…@HOST");
    auto server = parse_host_and_port(parts.host_and_port, redis_port);
    if (!server)
        refuse(place, "is no URL such as " + wanted);
    server->by = parts.scheme == "rediss" ? net::security::tls : net::security::none;
    const auto database = database_of(place, parts);
    return {.server = std::move(*server), .who = std::move(parts.who), .database = database};
}

net::server_place read_host_and_port(const std::string& word, std::uint16_t usual_port) {
    const auto place = read_place(word);
    auto server = parse_host_and_port(place.text, usual_port);
    if (!server)
        refuse(place, "is no HOST:PORT");
    return std::move(*server);
}

// By the rules for the host of every URL.
std::optional<net::server_place> parse_host_and_port(const std::string& text, std::uint16_t usual_port) {
    const auto read = parse_url("http://" + text);
    if (!read || read->target != "/" || text.ends_with('/') || text.ends_with(':'))
        return std::nullopt;
    const auto colon = text.rfind(':');
    const bool has_port = colon != std::string::npos && colon + 1 < text.size() && !text.ends_with(']');
    return net::server_place{.host = read->host, .port = has_port ? read->port : usual_port};
}

std::string bracketed(const std::string& host) {
    return host.find(':') != std::string::npos ? '[' + host + ']' : host;
}

std::string name_of(const net::server_place& where) {
    return bracketed(where.host) + ':' + std::to_string(where.port);
}

std::string path_segment(std::string_view name) {
    return boost::urls::encode({name.data(), name.size()}, boost::urls::unreserved_chars);
}

}  // namespace nullworker::client
