#pragma once

#include <nullworker/app/settings.hpp>
#include <nullworker/options/command.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace nullworker::app {

// What the options write to: settings, and what has to be translated before it is one.
struct written_settings {
    settings out;
    std::optional<int> webhook_port;
    std::optional<int> public_port;
    std::optional<std::int64_t> container_id;
    std::string report_address = "https://run.vast.ai";
    std::string console = settings().console.origin();
    std::string health_url;
    std::string consumer_url;
    std::string drain_timeout = "protected";  // a number, or as long as a job is protected
    std::string state_dir;                    // empty: the default, if it exists
    bool check = false;                       // asked for in place of a run
};

// What a drain time-out says: nothing for `protected`, and nothing for what is refused.
[[nodiscard]] std::optional<seconds> read_drain_timeout(const std::string& text);

// nullworkerd and all its options, which write to `to`. A new option is a row there and a member here or in
// settings.
[[nodiscard]] options::command nullworkerd(written_settings& to);

}  // namespace nullworker::app
