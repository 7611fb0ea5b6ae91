#pragma once

#include <nullworker/base/clock.hpp>
#include <terminal/paint.hpp>
#include <terminal/progress.hpp>
#include <watch/timeline.hpp>

#include <optional>
#include <vector>

namespace nullworker::client {

struct spread {
    seconds median{};
    seconds longest{};
};

// Nothing of nothing.
[[nodiscard]] std::optional<spread> spread_of(std::vector<seconds> values);

// What a run came to.
struct run_figures {
    std::optional<spread> waits;  // from the asking until a session was held
    std::optional<spread> holds;
    int peak_workers = 0;
    watch::sums total;
};

[[nodiscard]] run_figures figures_of(const watch::timeline& of, std::vector<seconds> waits,
                                     std::vector<seconds> holds, instant now);

// The same for people, a row a fact, and for programs.
[[nodiscard]] std::vector<text_row> rows_of(const run_figures& figures);
[[nodiscard]] std::vector<progress::field> fields_of(const run_figures& figures);

}  // namespace nullworker::client
