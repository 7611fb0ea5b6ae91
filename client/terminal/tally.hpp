#pragma once

#include <string>

namespace nullworker::client {

// What became of the sessions of a run.
struct tally {
    int wanted = 0;
    int released = 0;  // held and then released, as it should be
    int failed = 0;

    // The rest was never held, since the user did not want it any more.
    [[nodiscard]] int not_held() const { return wanted - released - failed; }
};

// A sentence without its full stop: "of 3 sessions 1 was held and released, 2 were never held".
[[nodiscard]] std::string described(const tally& sessions);

}  // namespace nullworker::client
