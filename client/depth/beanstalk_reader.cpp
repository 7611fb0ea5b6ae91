#include <depth/beanstalk_reader.hpp>
#include <depth/figure.hpp>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace nullworker::client {
namespace {

constexpr std::string_view end_of_line = "\r\n";
constexpr std::string_view statistics_follow = "OK ";
constexpr std::size_t longest_name = 200;

template <class Number>
std::optional<Number> number_in(std::string_view text, Number most) {
    Number out = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, ec] = std::from_chars(text.data(), end, out);
    const bool good = ec == std::errc() && stop == end && out >= 0 && out <= most;
    return good ? std::optional(out) : std::nullopt;
}

bool may_be_in_a_name(char c) {
    constexpr std::string_view others = "-+/;.$_()";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
}

}  // namespace

beanstalk_reader::state beanstalk_reader::feed(std::string_view bytes) {
    if (x_bytes.size() + bytes.size() > most_bytes)
        return state::failed;
    x_bytes.append(bytes);
    return look();
}

beanstalk_reader::state beanstalk_reader::look() {
    if (!x_line_size) {
        const auto end = x_bytes.find(end_of_line);
        if (std::min(end, x_bytes.size()) > longest_line)
            return state::failed;
        if (end == std::string::npos)
            return state::incomplete;
        x_line_size = end;
        if (has_body()) {
            const auto size = number_in(line().substr(statistics_follow.size()), most_bytes);
            if (!size)
                return state::failed;
            x_body_size = *size;
        }
    }
    const auto whole =
        *x_line_size + end_of_line.size() + (has_body() ? x_body_size + end_of_line.size() : 0);
    if (x_bytes.size() < whole)
        return state::incomplete;
    return x_bytes.size() == whole && x_bytes.ends_with(end_of_line) ? state::complete : state::failed;
}

std::string_view beanstalk_reader::line() const {
    return std::string_view(x_bytes).substr(0, x_line_size.value_or(0));
}

bool beanstalk_reader::has_body() const {
    return line().starts_with(statistics_follow);
}

std::string_view beanstalk_reader::body() const {
    return std::string_view(x_bytes).substr(x_line_size.value_or(0) + end_of_line.size(), x_body_size);
}

std::optional<std::int64_t> statistic(std::string_view statistics, std::string_view name) {
    while (!statistics.empty()) {
        const auto end = std::min(statistics.find('\n'), statistics.size());
        const auto line = statistics.substr(0, end);
        statistics.remove_prefix(std::min(end + 1, statistics.size()));
        if (line.starts_with(name) && line.substr(name.size()).starts_with(": "))
            return number_in(line.substr(name.size() + 2), most_jobs);
    }
    return std::nullopt;
}

std::optional<std::string> fault_of_tube(std::string_view name) {
    if (name.size() > longest_name)
        return "is longer than 200 characters";
    if (name.empty() || name.starts_with('-') || !std::ranges::all_of(name, may_be_in_a_name))
        return "is no name of a tube: letters, digits and -+/;.$_(), no dash in front";
    return std::nullopt;
}

}  // namespace nullworker::client
