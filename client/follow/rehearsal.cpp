#include <follow/rehearsal.hpp>

namespace nullworker::client {

rehearsal::decision rehearsal::look(std::int64_t depth, time_point now) {
    constexpr seconds for_ever{1e9};
    const auto wanted = x_roster.decide(depth, now);
    for (int i = 0; i < wanted.open; ++i)
        x_roster.held(x_roster.open(), for_ever, now);
    for (const auto& order : wanted.given) {
        x_roster.ended(order.number, ending::given, now);
        x_roster.gone(order.number);
    }
    return {wanted.open, static_cast<int>(wanted.given.size()), static_cast<int>(x_roster.entries().size())};
}

}  // namespace nullworker::client
