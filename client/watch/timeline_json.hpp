#pragma once

#include <nullworker/base/clock.hpp>
#include <watch/timeline.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace nullworker::client::watch {

// What changed in a timeline after revision `since`, as the page reads it, and as `--json` and the static
// report have it: everything with 0, and with a revision from which one cannot go on. The timeline was
// advanced to `now` before.
//
// It is a set of upserts: spans by lane and index, sessions by their key; samples are appended; `workers` has
// only lanes in which something changed. `overview` and `parameters` are always there. `wait` and `hold` of a
// session that lasts count up to `at`.
[[nodiscard]] std::string document_of(const timeline& told, instant now, std::uint64_t since = 0);

}  // namespace nullworker::client::watch
