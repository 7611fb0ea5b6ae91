#include <nullworker/net/http_date.hpp>
#include <vast/refusal.hpp>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>

namespace nullworker::client {

std::optional<seconds> seconds_to_retry(const net::reply& answer) {
    constexpr unsigned longest = 1'000'000;
    const auto told = answer.find("Retry-After").value_or(std::string_view());
    unsigned count = 0;
    const auto [end, ec] = std::from_chars(told.data(), told.data() + told.size(), count);
    if (ec == std::errc::invalid_argument || end != told.data() + told.size())
        return std::nullopt;
    return seconds(ec == std::errc() ? std::min(count, longest) : longest);
}

std::optional<seconds> retry_after(const net::reply& answer, instant now) {
    if (const auto told = seconds_to_retry(answer))
        return told;
    const auto date = net::parse_http_date(answer.find("Retry-After").value_or(std::string_view()));
    return date ? std::optional(std::max(seconds(*date - now.wall), seconds::zero())) : std::nullopt;
}

}  // namespace nullworker::client
