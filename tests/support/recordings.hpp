#pragma once

#include "support/temporary_directory.hpp"

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>

namespace nullworker::test {

// One case of the recorded worker, by its name.
[[nodiscard]] inline nlohmann::json recorded_case(const std::string& name) {
    static const auto recording = nlohmann::json::parse(recorded("python-worker.json"));
    for (const auto& entry : recording["cases"])
        if (entry["case"] == name)
            return entry;
    throw std::out_of_range("no recorded case " + name);
}

}  // namespace nullworker::test
