#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_set>

namespace nullworker::reservation {

// Counts distinct requests in constant memory: a number seen among the last 1,024 distinct ones is the same
// request once more. (The framework keeps every number for ever.)
class recent_requests {
public:
    void note(std::int64_t reqnum) {
        if (!x_seen.insert(reqnum).second)
            return;
        auto& oldest = x_ring[static_cast<std::size_t>(x_count) % x_ring.size()];
        if (static_cast<std::size_t>(x_count) >= x_ring.size())
            x_seen.erase(oldest);
        oldest = reqnum;
        ++x_count;
    }

    // Goes on counting where a former process stopped; a request that it saw already counts once more.
    void resume(std::int64_t count) noexcept { x_before = count; }

    // Distinct requests so far.
    [[nodiscard]] std::int64_t count() const noexcept { return x_before + x_count; }

private:
    std::array<std::int64_t, 1024> x_ring{};
    std::unordered_set<std::int64_t> x_seen;
    std::int64_t x_count = 0;
    std::int64_t x_before = 0;
};

}  // namespace nullworker::reservation
