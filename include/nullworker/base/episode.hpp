#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace nullworker {

// Something that comes in bursts, and that a stranger may cause as often as he likes: one line in the log,
// then one a minute with a count, however much of it there is.
class episode {
public:
    using time_point = std::chrono::steady_clock::time_point;

    // It happened. Whether it is time for a line; then `unsaid()` is how often it happened since the last
    // one.
    [[nodiscard]] bool is_worth_a_line(time_point now = std::chrono::steady_clock::now()) {
        if (x_next && now < *x_next) {
            ++x_silent;
            return false;
        }
        x_next = now + std::chrono::minutes(1);
        x_unsaid = x_silent;
        x_silent = 0;
        return true;
    }

    // How often it happened without a line before the one that is due.
    [[nodiscard]] std::uint64_t unsaid() const noexcept { return x_unsaid; }

private:
    std::optional<time_point> x_next;  // when the next line may be written; nothing before the first
    std::uint64_t x_silent = 0;
    std::uint64_t x_unsaid = 0;
};

}  // namespace nullworker
