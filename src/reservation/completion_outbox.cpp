#include <nullworker/reservation/completion_outbox.hpp>

#include <algorithm>

namespace nullworker::reservation {

void completion_outbox::add(const wire::completion& entry) {
    x_entries.push_back(entry);
    if (x_entries.size() > x_capacity) {
        x_entries.pop_front();
        ++x_first;
        ++x_dropped;
    }
}

void completion_outbox::add_incidental(const wire::completion& entry) {
    while (!x_incidental.empty() && x_incidental.front() < x_first)
        x_incidental.pop_front();
    if (x_incidental.size() >= std::max<std::size_t>(x_capacity / 10, 1)) {
        ++x_dropped;
        return;
    }
    x_incidental.push_back(end());
    add(entry);
}

completion_outbox::parcel completion_outbox::next(std::size_t most) const {
    const auto count = static_cast<std::ptrdiff_t>(std::min(most, x_entries.size()));
    return {{x_entries.begin(), x_entries.begin() + count}, x_first + static_cast<std::uint64_t>(count)};
}

void completion_outbox::delivered(const parcel& sent) {
    while (x_first < sent.end && !x_entries.empty()) {
        x_entries.pop_front();
        ++x_first;
    }
}

}  // namespace nullworker::reservation
