#include <nullworker/net/http_date.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <ctime>

namespace nullworker::net {
namespace {

constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// What stands at which place: a digit for d, a letter for a, all else as it is.
constexpr std::string_view form = "aaa, dd aaa dddd dd:dd:dd GMT";

bool has_the_form(std::string_view text) {
    if (text.size() != form.size())
        return false;
    for (std::size_t i = 0; i < form.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == 'd' ? !digit : form[i] != 'a' && form[i] != text[i])
            return false;
    }
    return true;
}

int number(std::string_view digits) {
    int out = 0;
    for (const char c : digits)
        out = out * 10 + (c - '0');
    return out;
}

}  // namespace

std::string http_date(std::chrono::system_clock::time_point time) {
    const auto whole = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    ::gmtime_r(&whole, &parts);
    std::array<char, 64> text{};
    (void)std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                        days.at(static_cast<std::size_t>(parts.tm_wday)).data(), parts.tm_mday,
                        months.at(static_cast<std::size_t>(parts.tm_mon)).data(), parts.tm_year + 1900,
                        parts.tm_hour, parts.tm_min, parts.tm_sec);
    return text.data();
}

std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text) {
    if (!has_the_form(text))
        return std::nullopt;
    const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
    std::tm parts{};
    parts.tm_mday = number(text.substr(5, 2));
    parts.tm_mon = static_cast<int>(month - months.begin());
    parts.tm_year = number(text.substr(12, 4)) - 1900;
    parts.tm_hour = number(text.substr(17, 2));
    parts.tm_min = number(text.substr(20, 2));
    parts.tm_sec = std::min(number(text.substr(23, 2)), 59);  // a leap second is none on our clocks
    constexpr int first_year = 70;
    if (month == months.end() || parts.tm_mday < 1 || parts.tm_mday > 31 || parts.tm_hour > 23 ||
        parts.tm_min > 59 || parts.tm_year < first_year || parts.tm_year > 300)
        return std::nullopt;
    return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

}  // namespace nullworker::net
