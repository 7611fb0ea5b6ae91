#pragma once

#include <nullworker/options/command.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nullworker::options {

// A value as it stands in the command line.
struct passed_value {
    const option* row;
    std::string text;  // of a switch without a value: true
};

// The words of a command line, each put to what it belongs to.
struct passed_words {
    const command* subcommand = nullptr;
    bool help = false;
    bool version = false;
    std::string file;                  // of --config
    std::vector<passed_value> values;  // one a row, of a repeated one all in their order
    std::optional<std::string> error;  // the first thing that is wrong
};

// Reads the words behind the program's name. After an error it goes on with what makes sense.
[[nodiscard]] passed_words read_words(const command& program, std::span<const char* const> words);

}  // namespace nullworker::options
