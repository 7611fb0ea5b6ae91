#include "fuzz_target.hpp"

#include <depth/beanstalk_reader.hpp>
#include <depth/figure.hpp>

// What a beanstalkd, or somebody else at its port, answers: read whole and byte by byte it is the same.
namespace nullworker::fuzz {

FUZZ_TARGET(beanstalk, 500) {
    using client::beanstalk_reader;
    using state = beanstalk_reader::state;
    beanstalk_reader whole;
    const auto at_once = whole.feed(input);
    beanstalk_reader slow;
    auto bit_by_bit = state::incomplete;
    for (std::size_t i = 0; i < input.size() && bit_by_bit == state::incomplete; ++i)
        bit_by_bit = slow.feed(input.substr(i, 1));
    // Who reads it whole sees that something follows.
    require(at_once == bit_by_bit || (at_once == state::failed && bit_by_bit == state::complete),
            "bytes that come one by one mean the same");
    if (at_once == state::complete) {
        require(whole.line() == slow.line() && whole.body() == slow.body(), "the answer is the same");
        require(whole.line().size() + whole.body().size() <= input.size(), "it is no longer than what came");
    }
    const auto number = client::statistic(input, "current-jobs-ready");
    require(!number || (*number >= 0 && *number <= client::most_jobs), "a number of jobs is one");
    (void)client::fault_of_tube(input);
}

}  // namespace nullworker::fuzz
