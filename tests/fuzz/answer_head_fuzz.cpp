#include "fuzz_target.hpp"

#include <nullworker/net/tolerant_head.hpp>

// The head of what a probe or a close callback is answered: read whole and byte by byte it is the same.
namespace nullworker::fuzz {

FUZZ_TARGET(answer_head, 500) {
    using net::tolerant_head;
    tolerant_head whole;
    const auto at_once = whole.end(input);
    tolerant_head slow;
    constexpr std::size_t longest = 2000;  // each byte costs a call
    for (std::size_t size = 0; size < input.size() && input.size() <= longest; ++size)
        if (slow.read(input.substr(0, size)) != tolerant_head::state::incomplete)
            break;
    const auto bit_by_bit = slow.end(input);
    require(at_once == bit_by_bit, "bytes that come one by one mean the same");
    if (at_once != tolerant_head::state::complete)
        return;
    require(whole.status() == slow.status() && whole.size() == slow.size(), "the head is the same");
    require(whole.status() >= 100 && whole.status() <= 999, "a status has three digits");
    require(whole.size() <= input.size(), "a head is no longer than what came");
}

}  // namespace nullworker::fuzz
