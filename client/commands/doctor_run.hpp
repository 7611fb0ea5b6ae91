#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/background_writer.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/interruption.hpp>
#include <vast/venue.hpp>
#include <work/control_line.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdio>
#include <doctor/finding.hpp>
#include <doctor/report.hpp>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::client {

enum class findings_form { lines, json };

// Shows findings as they are made, and counts them. Never waits for the reader.
class findings_output {
public:
    findings_output(std::FILE* out, findings_form form);

    // Waits a moment for the reader.
    ~findings_output();
    findings_output(const findings_output&) = delete;
    findings_output& operator=(const findings_output&) = delete;

    void show(const finding& what);
    void show_all(const std::vector<finding>& all);

    // The last words; returns the exit code.
    int conclude(const std::string& mending_line);

    [[nodiscard]] const finding_counts& counts() const noexcept { return x_counts; }

private:
    findings_form x_form;
    finding_counts x_counts;
    background_writer x_out;
};

// How an endpoint is looked at.
struct examination {
    bool probe = false;  // reserve a worker, too
    seconds timeout{1800.0};
    double session_cost = 100.0;
};

// Looks at this machine and the worker on it; returns the exit code. `show` outlives it.
[[nodiscard]] asio::awaitable<int> examine_machine(asio::any_io_executor executor, control_place worker,
                                                   findings_output& show);

// Looks at an endpoint elsewhere; returns the exit code. `show` and `stop` outlive it.
[[nodiscard]] asio::awaitable<int> examine_endpoint(asio::any_io_executor executor, distant_endpoint place,
                                                    examination how, findings_output& show,
                                                    interruption& stop);

}  // namespace nullworker::client
