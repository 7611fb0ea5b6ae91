#include <fleet/fault_plan.hpp>

#include <utility>

namespace nullworker::fleet {
namespace {

std::string_view without_slashes(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/'))
        path.remove_suffix(1);
    return path;
}

}  // namespace

void fault_plan::add(std::string_view path, std::size_t count, verdict fate) {
    if (count > 0)
        x_rules[std::string(without_slashes(path))].push_back({count, fate});
}

void fault_plan::answer_next(std::string_view path, std::size_t count, unsigned status) {
    add(path, count, {.status = status});
}

void fault_plan::delay_next(std::string_view path, std::size_t count, duration span) {
    add(path, count, {.delay = span});
}

void fault_plan::drop_next(std::string_view path, std::size_t count) {
    add(path, count, {.drop = true});
}

void fault_plan::lose_reply_next(std::string_view path, std::size_t count) {
    add(path, count, {.lose_reply = true});
}

void fault_plan::outage_until(instant end, std::optional<unsigned> status) {
    x_outage_end = end.monotonic;
    x_outage_status = status;
}

void fault_plan::clear() {
    x_rules.clear();
    x_outage_end = {};
}

fault_plan::verdict fault_plan::next(std::string_view path, instant now) {
    if (is_out(now))
        return {.status = x_outage_status, .drop = !x_outage_status};
    const auto found = x_rules.find(without_slashes(path));
    if (found == x_rules.end())
        return {};
    auto& rules = found->second;
    const verdict fate = rules.front().fate;
    if (--rules.front().count == 0)
        rules.pop_front();
    if (rules.empty())
        x_rules.erase(found);
    return fate;
}

}  // namespace nullworker::fleet
