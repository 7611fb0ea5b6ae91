#pragma once

namespace nullworker::net {

// Nobody has so much to say before the answer.
inline constexpr int most_interim = 16;

// Whether another status follows this one. 101 is the last of its connection.
[[nodiscard]] constexpr bool is_interim(unsigned status) noexcept {
    return status >= 100 && status < 200 && status != 101;
}

}  // namespace nullworker::net
