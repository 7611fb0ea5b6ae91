#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

namespace nullworker::reservation {

// The grants whose session has ended, by their fingerprints: the last 1,000. They open nothing any more.
class spent_grants {
public:
    static constexpr std::size_t most = 1000;

    // Forgets the one that was spent first where there are too many.
    void add(std::uint64_t fingerprint);

    [[nodiscard]] bool contains(std::uint64_t fingerprint) const { return x_known.contains(fingerprint); }

    // All of them as text, 16 hexadecimal digits each, the first that was spent in front. It is kept as text,
    // since it is written far more often than it is read.
    [[nodiscard]] std::string text() const;

    // Whether `text` is one that `text()` may have returned.
    [[nodiscard]] static bool is_text(std::string_view text);

    // Takes up what another process left; `text` must be such a text. Only where nothing is spent yet.
    void resume(std::string_view text);

private:
    std::unordered_set<std::uint64_t> x_known;
    std::string x_ring;        // the digits
    std::size_t x_oldest = 0;  // where those of the oldest begin, once the ring is full
};

}  // namespace nullworker::reservation
