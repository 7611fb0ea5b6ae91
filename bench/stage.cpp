#include "stage.hpp"

#include <iostream>
#include <utility>

namespace nullworker::bench {

std::vector<side> stage::workers() const {
    std::vector<side> out = {side::kept, side::bare};
    if (!x_options.against.empty())
        out.push_back(side::against);
    return out;
}

std::uint16_t stage::port_of(side who, int place) const {
    constexpr int ports_of_a_side = 3;
    constexpr int sides = 7;
    return static_cast<std::uint16_t>(x_options.port +
                                      (place * sides + static_cast<int>(who)) * ports_of_a_side);
}

std::unique_ptr<subject> stage::worker(side who, std::vector<std::string> tool, int place) {
    auto command = std::move(tool);
    if (who == side::against)
        command.insert(command.end(),
                       {"/bin/sh", "-c", "exec " + x_options.against});  // no shell is measured with it
    else
        command.push_back(x_options.worker);
    auto out = std::make_unique<subject>(x_executor, x_autoscaler, std::move(command), port_of(who, place));
    if (who == side::kept)
        out->keep_state_in(x_options.scratch + "/state-" + std::to_string(place));
    if (who == side::against)
        out->be_patient();
    return out;
}

void stage::say(std::string_view what) const {
    std::cerr << what << std::endl;
}

}  // namespace nullworker::bench
