#pragma once

#include <nullworker/options/command_description.hpp>
#include <nullworker/options/option.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::options {

// A program and what it can be told, beside --help and --version.
struct command {
    std::string name;
    std::string version;
    std::string summary;           // one sentence about the program, without its name and the full stop
    std::string description;       // what else is to be said first, in lines as --help shows them
    std::string footer;            // what is to be said last; "Exit codes: " begins a list of them
    std::string file_variable;     // names the configuration file; empty: there is no --config either
    std::size_t help_column = 36;  // at which --help begins to explain an option
    std::vector<option_group> groups;
};

// Where a value came from. A flag beats a variable, which beats the configuration file.
enum class source { nothing, flag, variable, file };

// What became of a command line.
struct reading {
    std::optional<std::string> text;        // asked for instead of a run: the help or the version
    std::optional<std::string> error;       // in one line: the variable and the flag, and what is wrong
    std::map<std::string, source> sources;  // by the names of all options

    // Whether the option was given as a flag.
    [[nodiscard]] bool by_flag(const std::string& name) const { return sources.at(name) == source::flag; }
};

// Reads a command line, the environment and the configuration file into the targets. After an error each
// option that makes sense has been read all the same, as far as it was found: it helps to tell somebody of
// the error.
[[nodiscard]] reading read(const command& what, int argc, const char* const* argv);

// Names the first option that is required and has no value; those whose variable depends on others come last.
[[nodiscard]] std::optional<std::string> missing(const command& what);

// For the manual and the completions. The targets must hold the defaults.
[[nodiscard]] command_description describe(const command& what);

// What the options that have a variable are set to, as a configuration file. Of a secret it says only whether
// there is one.
[[nodiscard]] std::string written_out(const command& what);

}  // namespace nullworker::options
