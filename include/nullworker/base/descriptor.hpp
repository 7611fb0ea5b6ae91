#pragma once

#include <nullworker/base/error.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace nullworker {

// Why the system call before failed: errno.
[[nodiscard]] error_code last_error() noexcept;

// Raises the soft limit of descriptors to `wanted` where it is lower, as far as the system lets it: what it
// is then; nothing where it cannot be read.
[[nodiscard]] std::optional<std::size_t> take_descriptors(std::size_t wanted) noexcept;

// An open file, socket or process of the system's, closed with the object.
class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int number) noexcept : x_number(number) {}
    ~descriptor() { (void)close(); }
    descriptor(descriptor&& other) noexcept : x_number(other.release()) {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(x_number, other.x_number);
        return *this;
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;

    [[nodiscard]] bool is_open() const noexcept { return x_number >= 0; }
    [[nodiscard]] int number() const noexcept { return x_number; }  // -1 where none is open

    // Some file systems tell only now that there is no room.
    [[nodiscard]] error_code close() noexcept;

    // From here on it is the caller's to close.
    [[nodiscard]] int release() noexcept { return std::exchange(x_number, -1); }

private:
    int x_number = -1;
};

}  // namespace nullworker
