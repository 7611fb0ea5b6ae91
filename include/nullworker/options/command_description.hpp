#pragma once

#include <string>
#include <vector>

// What can be said to a program, as plain data: manuals and completions are made of it.
namespace nullworker::options {

// How far a shell can complete a value.
enum class value_kind { text, file, directory };

struct value_description {
    std::string name;  // SECONDS, or signed|open
    value_kind kind = value_kind::text;
    std::vector<std::string> choices;  // the only words taken; empty: any
};

struct option_description {
    std::vector<std::string> flags;  // -h, --help: short ones first
    value_description value;         // without a name there is none: the option is a switch
    std::string help;                // a sentence without its full stop
    std::string default_value;       // a value, or words such as "the worker port + 1"
    std::string environment;         // the variable read where the flag is not given
    std::string group;
    bool required = false;  // the flag or its variable

    [[nodiscard]] bool is_switch() const noexcept { return value.name.empty(); }
};

// A word that is no flag.
struct positional_description {
    value_description value;
    std::string help;
    bool required = false;
    bool repeated = false;
};

struct exit_code {
    std::string code;     // 2, or 128+N
    std::string meaning;  // without its full stop
};

struct example {
    std::string what;   // a clause without its full stop
    std::string lines;  // of shell
};

// A program, or one of its subcommands; those have no subcommands of their own.
struct command_description {
    std::string name;
    std::string group;        // of a subcommand
    std::string summary;      // one line without a full stop
    std::string description;  // paragraphs, with blank lines between them and `code` in them
    std::string footer;       // the same
    std::vector<exit_code> exit_codes;
    std::vector<example> examples;
    std::vector<option_description> options;
    std::vector<positional_description> positionals;
    std::string behind_dashes;  // the name of another program's command line, taken behind `--`
    std::vector<command_description> subcommands;
};

}  // namespace nullworker::options
