#pragma once

#include <nullworker/base/clock.hpp>
#include <watch/timeline.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace nullworker::client::watch {

// What a timeline tells to somebody who reads lines: each change of a session, each error, and whether what
// is shown is old. Workers by state are told elsewhere. No I/O.
class news_lines {
public:
    // What is new since the last call. The timeline was advanced to `now` before.
    [[nodiscard]] std::vector<std::string> take(const timeline& told, instant now);

private:
    using lines = std::vector<std::string>;

    void tell_sessions(const timeline& told, instant now, lines& out);
    void tell_errors(const overview& all, lines& out);
    void tell_limit(const overview& all, lines& out);
    void tell_silence(const overview& all, instant now, lines& out);

    std::uint64_t x_revision = 0;
    std::map<std::string, std::string> x_said_of;  // by the session's key, while it is in the timeline
    std::map<std::int64_t, std::string> x_errors;
    std::string x_trouble;
    bool x_at_limit = false;
    bool x_stale = false;
};

}  // namespace nullworker::client::watch
