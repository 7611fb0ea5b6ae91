#pragma once

#include "subject.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace nullworker::bench {

// Samples of one figure.
class samples {
public:
    void add(seconds value) { x_values.push_back(value.count()); }
    [[nodiscard]] std::size_t size() const noexcept { return x_values.size(); }

    // The value that the share `rank` of all samples does not exceed; 0 without samples.
    [[nodiscard]] double quantile(double rank) const;
    [[nodiscard]] double median() const { return quantile(0.5); }

private:
    std::vector<double> x_values;
};

// How much of everything.
struct effort {
    int starts = 20;
    int changes = 300;  // half of them creates, half of them ends
    int expiries = 20;
    int cycles = 10000;
    int health_requests = 10000;
    int crowd = 2000;       // requests that are begun and never go on; 0: not measured
    std::string state_dir;  // for cycles with a state file; empty: not measured
    std::chrono::steady_clock::duration start_limit = std::chrono::seconds(5);
    // Changes and expiries come after a quiet time, so that no pacing of reports counts, and at a random
    // moment of `spread`, so that no periodic work of the worker is met at the same phase each time.
    std::chrono::steady_clock::duration quiet = std::chrono::milliseconds(120);
    std::chrono::steady_clock::duration spread = std::chrono::milliseconds(50);
    std::chrono::steady_clock::duration idle = std::chrono::seconds(10);
};

struct figures {
    samples start_up;           // spawn → ready report
    samples change;             // request of a create or an end sent → report with the new load arrived
    samples lateness;           // expiry → completion arrived
    double idle_mib = 0;        // resident, after the start
    double worked_mib = 0;      // resident, after all cycles
    double idle_processor = 0;  // s of processor time per s
    double idle_switches = 0;   // context switches per s
    double cycles_per_s = 0;    // create and end, on one connection
    double kept_per_s = 0;      // the same with a state file
    seconds behind_crowd{};     // a create that connects when a crowd of half requests has just connected
    samples crowded;            // creates on a new connection among them, once that one was answered
    double health_per_s = 0;    // on one connection
    double health_8_per_s = 0;  // on eight
};

// Takes every measurement with `worker`, which is not running before and after. `say` hears what is next.
// Throws bench_error.
[[nodiscard]] asio::awaitable<figures> measure_all(asio::any_io_executor executor, subject& worker,
                                                   scripted_autoscaler& autoscaler, effort amount,
                                                   std::function<void(const std::string&)> say);

// Holds a worker with a state file to `cycles` creates and ends; what it needed at the beginning and at the
// end.
struct soak_figures {
    int warm_up = 0;  // cycles before the first look
    usage warm;
    usage last;
    double cycles_per_s = 0;
};
[[nodiscard]] asio::awaitable<soak_figures> soak(subject& worker, scripted_autoscaler& autoscaler, int cycles,
                                                 effort amount, std::function<void(const std::string&)> say);

}  // namespace nullworker::bench
