#include <work/crew.hpp>

#include <algorithm>

namespace nullworker::client {

void crew::enters(int slot, const std::string& session) {
    x_running[slot] = session;
}

bool crew::runs(const std::string& session) const {
    return std::any_of(x_running.begin(), x_running.end(),
                       [&session](const auto& one) { return one.second == session; });
}

crew::word crew::lifts(int slot, const std::string& session) {
    x_running.erase(slot);
    if (runs(session))
        return word::nothing;
    const bool left = std::any_of(x_left.begin(), x_left.end(),
                                  [&session](const auto& one) { return one.second == session; });
    return left ? word::release : word::lift;
}

crew::word crew::releases(int slot, const std::string& session) {
    x_running.erase(slot);
    if (!runs(session))
        return word::release;
    x_left[slot] = session;
    return word::nothing;
}

void crew::has_given_up() {
    if (--x_giving_up > 0)
        return;
    for (const auto& ring : x_waiting)
        ring();
}

bool crew::has_left(int slot, const std::string& session) const {
    const auto found = x_left.find(slot);
    return !session.empty() && found != x_left.end() && found->second == session;
}

}  // namespace nullworker::client
