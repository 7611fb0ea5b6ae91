#pragma once

#include <nullworker/base/clock.hpp>
#include <terminal/paint.hpp>
#include <watch/timeline.hpp>

#include <cstddef>
#include <vector>

namespace nullworker::client {

struct text_timeline_options {
    std::size_t width = 80;  // columns
    std::size_t lanes = 24;  // most rows of workers
    charset letters = charset::utf8;
};

// What became of the workers as text: a row a worker, time to the right, beneath it the time since the
// beginning and what the symbols mean. A column has the state that took most of its time, but one in which
// there was an error shows that. Nothing where there was no worker.
[[nodiscard]] std::vector<text_row> text_timeline(const watch::timeline& of, instant now,
                                                  const text_timeline_options& options);

}  // namespace nullworker::client
