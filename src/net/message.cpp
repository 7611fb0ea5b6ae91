#include <nullworker/base/printable.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/net/http_date.hpp>
#include <nullworker/net/message.hpp>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <charconv>
#include <ostream>
#include <system_error>

namespace nullworker::net {

const char* to_string(verb value) noexcept {
    switch (value) {
        case verb::get:
            return "GET";
        case verb::post:
            return "POST";
        case verb::put:
            return "PUT";
        case verb::other:
            break;
    }
    return "OTHER";
}

bool is_same_name(std::string_view a, std::string_view b) {
    return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

namespace {

std::optional<std::string_view> first_value(const std::vector<header>& headers, std::string_view name) {
    for (const auto& [key, value] : headers)
        if (is_same_name(key, name))
            return value;
    return std::nullopt;
}

}  // namespace

std::optional<std::string_view> request::find(std::string_view name) const {
    return first_value(headers, name);
}

std::optional<std::string_view> reply::find(std::string_view name) const {
    return first_value(headers, name);
}

std::string described_status(const reply& answer) {
    if (answer.status == 0)
        return "no HTTP, but '" + printable(answer.body) + '\'';
    std::string out = "HTTP status " + std::to_string(answer.status);
    const bool is_redirect = answer.status >= 300 && answer.status < 400;
    const auto location = answer.find("Location");
    if (is_redirect && location)
        out += ", a redirect to " + without_secrets(*location) + " that is not followed";
    return out;
}

std::chrono::seconds wished_pause(const reply& answer) {
    using std::chrono::seconds;
    constexpr seconds longest = std::chrono::hours(24);
    const auto text = answer.find("Retry-After").value_or("");
    const bool is_number = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    if (is_number) {
        std::uint32_t told = 0;
        const auto failed = std::from_chars(text.data(), text.data() + text.size(), told).ec;
        return failed == std::errc() ? std::min(seconds(told), longest) : longest;
    }
    const auto until = parse_http_date(text);
    const auto sent = parse_http_date(answer.find("Date").value_or(""));
    if (!until || !sent)
        return seconds(0);
    return std::clamp(std::chrono::duration_cast<seconds>(*until - *sent), seconds(0), longest);
}

reply json_reply(unsigned status, std::string body) {
    return {.status = status, .body = std::move(body)};
}

reply text_reply(unsigned status, std::string body) {
    return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(body)};
}

reply empty_reply(unsigned status) {
    return {.status = status, .content_type = "application/octet-stream", .body = {}};
}

reply status_reply(unsigned status) {
    const auto reason = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
    return text_reply(status, std::to_string(status) + ": " + std::string(reason.data(), reason.size()));
}

}  // namespace nullworker::net
