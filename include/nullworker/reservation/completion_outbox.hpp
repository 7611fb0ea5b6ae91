#pragma once

#include <nullworker/wire/completion.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace nullworker::reservation {

// Completions the autoscaler has not accepted yet, oldest first. Bounded: beyond the capacity the oldest is
// dropped, and counted.
class completion_outbox {
public:
    explicit completion_outbox(std::size_t capacity = 10000) : x_capacity(capacity) {}

    void add(const wire::completion& entry);

    // For what a grant is enough to cause, as often as somebody likes, and without a session. Only a tenth of
    // the capacity is for these: beyond that one is dropped, and counted, before it can take a session's
    // place.
    void add_incidental(const wire::completion& entry);

    // Some of the oldest completions, under way.
    struct parcel {
        std::vector<wire::completion> entries;
        std::uint64_t end = 0;  // the sequence number behind the last one
    };

    // Up to `most` of the oldest; they stay until `delivered`.
    [[nodiscard]] parcel next(std::size_t most) const;

    // Forgets what `sent` holds and is still kept.
    void delivered(const parcel& sent);

    // The sequence number of the oldest, and of the next to come. Each completion keeps its own for ever.
    [[nodiscard]] std::uint64_t first() const noexcept { return x_first; }
    [[nodiscard]] std::uint64_t end() const noexcept { return x_first + x_entries.size(); }

    // `sequence` must be at least `first()` and below `end()`.
    [[nodiscard]] const wire::completion& at(std::uint64_t sequence) const {
        return x_entries[static_cast<std::size_t>(sequence - x_first)];
    }

    [[nodiscard]] std::size_t size() const noexcept { return x_entries.size(); }
    [[nodiscard]] bool empty() const noexcept { return x_entries.empty(); }
    [[nodiscard]] std::uint64_t dropped() const noexcept { return x_dropped; }

private:
    std::size_t x_capacity;
    std::deque<wire::completion> x_entries;
    std::deque<std::uint64_t> x_incidental;  // the sequence numbers of those that are kept
    std::uint64_t x_first = 0;               // the sequence number of x_entries.front()
    std::uint64_t x_dropped = 0;
};

}  // namespace nullworker::reservation
