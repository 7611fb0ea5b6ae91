#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace nullworker {

// How often each of the things happened that `Enum` names, the first `size` of which count from 0 on.
template <class Enum, std::size_t size>
class counts {
public:
    void add(Enum what) noexcept { ++x_counts[static_cast<std::size_t>(what)]; }

    [[nodiscard]] std::uint64_t of(Enum what) const noexcept {
        return x_counts[static_cast<std::size_t>(what)];
    }

private:
    std::array<std::uint64_t, size> x_counts{};
};

}  // namespace nullworker
