#pragma once

#include <nullworker/base/secret.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace nullworker::api {

// The body of a kind that was accepted last, and what it says: clients repeat themselves, and one that is
// equal to it byte for byte need not be parsed. Only what was accepted gets in, so nobody without a grant can
// push it out; what may be done with it is asked each time, for it was accepted under a `generation` (of the
// session, of the key) and means nothing under another.
template <class Message>
class last_accepted {
public:
    using pointer = std::shared_ptr<const Message>;

    // What `body` says; null where it must be parsed.
    [[nodiscard]] pointer find(std::string_view body, std::uint64_t generation) const {
        return x_message && generation == x_generation && same_secret(body, x_body) ? x_message : nullptr;
    }

    // `body`, which says `message`, was accepted.
    void keep(std::string_view body, std::uint64_t generation, const pointer& message) {
        if (message == x_message || body.size() > longest)
            return;
        x_body = body;
        x_generation = generation;
        x_message = message;
    }

private:
    static constexpr std::size_t longest = 16 * 1024;

    std::string x_body;
    std::uint64_t x_generation = 0;
    pointer x_message;
};

}  // namespace nullworker::api
