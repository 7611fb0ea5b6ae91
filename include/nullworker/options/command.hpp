#pragma once

#include <nullworker/options/command_description.hpp>
#include <nullworker/options/option.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::options {

// A program and what it can be told, beside --help and --version; or one of its subcommands, which needs
// less.
struct command {
    std::string name;
    std::string group;    // of a subcommand: the heading under which it is listed
    std::string version;  // of a program
    std::string summary;  // a line about a subcommand; of a program a sentence without its name and full stop

    // Of a program: what follows that sentence, from the space or the end of line between them on, in the
    // lines that --help shows.
    std::string description;

    std::string footer;  // what is said last; a subcommand that has none borrows that of the program
    std::vector<exit_code> exit_codes;  // of a program: the meanings in lines as --help shows them
    std::vector<example> examples;      // of a program
    std::string file_variable;          // names the configuration file; empty: there is no --config either
    std::size_t help_column = 36;       // at which --help begins to explain an option
    std::vector<option> positionals;    // words that are no flag, in their order
    std::vector<option_group> groups;
    std::string behind_dashes;         // the name of the command line that is taken behind `--`
    std::vector<command> subcommands;  // of a program: if it has any, one of them has to be named
};

// Where a value came from. A flag beats a variable, which beats the configuration file.
enum class source { nothing, flag, variable, file };

// What became of a command line.
struct reading {
    std::optional<std::string> help;        // asked for instead of a run
    std::optional<std::string> version;     // the same
    std::optional<std::string> error;       // in one line: the variable and the flag, and what is wrong
    std::vector<std::string> remarks;       // on variables that were not taken as they are
    std::string subcommand;                 // the name of the one that is meant
    std::map<std::string, source> sources;  // by the names of all options of the program and the subcommand

    // Whether the option was given as a flag.
    [[nodiscard]] bool by_flag(const std::string& name) const { return sources.at(name) == source::flag; }
};

// Reads a command line, the environment and the configuration file into the targets. After an error each
// option that makes sense has been read all the same, as far as it was found: it helps to tell somebody of
// the error. The words are those before `--`.
[[nodiscard]] reading read(const command& what, int argc, const char* const* argv);

// Names the first option of a program that is required and has no value; those whose variable depends on
// others come last.
[[nodiscard]] std::optional<std::string> missing(const command& what);

// For the manual and the completions. The targets must hold the defaults.
[[nodiscard]] command_description describe(const command& what);

// What the options that have a variable are set to, as a configuration file. Of a secret it says only whether
// there is one.
[[nodiscard]] std::string written_out(const command& what);

}  // namespace nullworker::options
