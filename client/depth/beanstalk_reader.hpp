#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nullworker::client {

// The protocol of beanstalkd, as far as a client needs it that asks for the statistics of a tube: a line, or
// a line that tells how many bytes follow.
class beanstalk_reader {
public:
    static constexpr std::size_t most_bytes = std::size_t{64} * 1024;
    static constexpr std::size_t longest_line = 1024;

    enum class state : std::uint8_t { incomplete, complete, failed };

    // Takes what came.
    state feed(std::string_view bytes);

    // Once it is complete: the line, whether it told of more, and that.
    [[nodiscard]] std::string_view line() const;
    [[nodiscard]] bool has_body() const;
    [[nodiscard]] std::string_view body() const;

private:
    [[nodiscard]] state look();

    std::string x_bytes;
    std::optional<std::size_t> x_line_size;
    std::size_t x_body_size = 0;
};

// The number of jobs that a line of statistics tells, such as "current-jobs-ready: 5".
[[nodiscard]] std::optional<std::int64_t> statistic(std::string_view statistics, std::string_view name);

// What is wrong with the name of a tube; nothing where it is good.
[[nodiscard]] std::optional<std::string> fault_of_tube(std::string_view name);

}  // namespace nullworker::client
