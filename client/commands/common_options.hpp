#pragma once

#include <commands/session_options.hpp>
#include <commands/subcommand.hpp>
#include <fleet/fleet.hpp>
#include <nullworker/base/clock.hpp>

#include <optional>
#include <string>

namespace CLI {
class App;
class Option;
class Validator;
}  // namespace CLI

// The options that several subcommands share. What they write to outlives the CLI::App.
namespace nullworker::client {

// A number from `least` to 1e8.
[[nodiscard]] CLI::Validator at_least(double least);

// Seconds of the wire, as an option.
CLI::Option* add_seconds(CLI::App& app, const char* name, seconds& target, const char* help);

// Seconds that may be left out, within bounds of their own.
CLI::Option* add_seconds(CLI::App& app, const char* name, std::optional<seconds>& target, const char* help,
                         CLI::Validator bounds);

// Which endpoint, and who asks.
void add_venue(CLI::App& app, venue_options& where);

// The venue and the numbers of every subcommand that holds sessions.
void add_session_options(CLI::App& app, session_options& options);

// How the workers of a local fleet are run.
void add_local_fleet(CLI::App& app, fleet::fleet_options& options, std::string& worker_command);

// Throws startup_error for an option of the local fleet where there is none.
void refuse_idle_fleet_options(const CLI::App& app, const venue_options& where);

// Throws startup_error if there is a command behind `--`.
void refuse_command(const words& behind);

}  // namespace nullworker::client
