#pragma once

#include <nullworker/auth/public_key.hpp>

#include <array>
#include <cstddef>

namespace nullworker::auth {

// The signatures that were verified last, by their digests, so that the same one need not be verified anew.
// Nothing else gets in, and a grant's signature is the same each time, so a worker has one or two of them.
// Whoever has a valid grant can write its signature in a few ways, and push others out: they are verified
// once more then.
class verified_signatures {
public:
    static constexpr std::size_t most = 16;

    [[nodiscard]] bool contains(const signature_digest& signature) const noexcept;

    // Forgets the one that came first where there are too many.
    void add(const signature_digest& signature) noexcept;

    void clear() noexcept { x_size = x_next = 0; }

private:
    std::array<signature_digest, most> x_known{};
    std::size_t x_size = 0;
    std::size_t x_next = 0;  // where the next one goes
};

}  // namespace nullworker::auth
