#pragma once

#include <commands/session_options.hpp>
#include <commands/subcommand.hpp>
#include <fleet/fleet.hpp>
#include <nullworker/options/command.hpp>

#include <string>
#include <vector>

// The rows that several commands share. What they write to outlives them.
namespace nullworker::client {

// No number of the client needs to be larger; seconds of three years.
inline constexpr double most_of_all = 1e8;

// Which endpoint, and who asks.
[[nodiscard]] options::option_group venue_rows(venue_options& to);

// The rows of a command that holds sessions: its own, which endpoint and who asks, the numbers of a session,
// and how the workers of a local fleet are run.
[[nodiscard]] std::vector<options::option_group> session_rows(std::vector<options::option> own,
                                                              session_options& to);

// How the workers of a local fleet are run.
[[nodiscard]] options::option_group local_fleet_rows(fleet::fleet_options& to, std::string& worker_command);

[[nodiscard]] options::option json_events_row(bool& to);

// A file for the page that shows what happened.
[[nodiscard]] options::option report_row(std::string& to);

// Throws startup_error for an option of the local fleet where there is none.
void refuse_idle_fleet_options(const options::reading& found, const venue_options& where);

// Throws startup_error if there is a command behind `--`.
void refuse_command(const words& behind);

}  // namespace nullworker::client
