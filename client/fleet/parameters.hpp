#pragma once

#include <nullworker/base/clock.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace nullworker::fleet {

// A fleet has ports for so many, cold ones included.
inline constexpr std::size_t most_workers = 500;

enum class endpoint_state {
    active,
    suspended,  // nobody starts or stops workers
};

[[nodiscard]] const char* to_string(endpoint_state state) noexcept;

// What an endpoint is configured with, in the units of the wire, and the stand-in's own limits.
struct parameters {
    endpoint_state state = endpoint_state::active;
    double target_util = 1.0;  // > 0
    double min_load = 0;
    double min_cold_load = 0;  // these two are told and change nothing: no worker is started ahead
    double cold_mult = 1;
    std::size_t cold_workers = 0;
    std::size_t max_workers = 16;
    seconds max_queue_time{1.0};
    seconds target_queue_time{0.5};
    // How long an idle worker stays; nothing: the usual 10 s; negative: the last one stays for ever.
    std::optional<seconds> inactivity_timeout = seconds(10);
    seconds start_delay{0.0};      // stands for renting and booting a machine
    seconds report_timeout{30.0};  // a worker that says nothing for so long is dead
    seconds error_timeout{15.0};   // a worker that reports an error for so long is replaced
    seconds claim_timeout{10.0};   // a routed request that its worker never names is forgotten
    double nominal_perf = 100.0;   // max_perf of a worker that has not said its own
    std::size_t max_requests = 10000;
};

// What an endpoint of Vast has where its owner said nothing: by the console, which is what the documentation
// tells, or by the official command line.
[[nodiscard]] parameters console_defaults();
[[nodiscard]] parameters command_line_defaults();

// How long a worker stays that has nothing to do.
[[nodiscard]] seconds idle_patience(const parameters& values);

// What of the endpoint's own makes no sense, as a clause that names it.
[[nodiscard]] std::optional<std::string> fault_in(const parameters& values);

}  // namespace nullworker::fleet
