#include <watch/known_sessions.hpp>

namespace nullworker::client::watch {

void known_sessions::add_presence(std::map<std::int64_t, presence>& to, const session_row& row,
                                  time_point since) {
    if (!row.worker || (row.ended_at && row.ended_at->monotonic < since))
        return;
    auto& there = to[*row.worker];
    if (row.ended_at)
        return;
    there.retiring = row.retiring_at && (!there.lasts || there.retiring);
    there.lasts = true;
}

}  // namespace nullworker::client::watch
