#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/base/tidied.hpp>
#include <nullworker/options/command_description.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// What a program can be told is a table: each row says all of one option, and parsing, --help, --check, the
// manual, the completions and the test of the documentation read nothing else.
namespace nullworker::options {

// A value that is one of some words, or an enum's each of which has a word.
struct word_target {
    std::vector<std::string> words;
    std::function<void(std::size_t)> choose;  // one of the words, by its place
    std::function<std::size_t()> chosen;      // the number of words where it is none of them
};

// A value that is one of two; the option is a switch between them.
struct switch_target {
    std::function<void(bool)> turn;
    std::function<bool()> is_on;
};

// Where the value of an option goes. What is pointed to outlives the row; what it holds before anything is
// read is the default. An empty string and an empty optional are no value. A bool makes the option a switch.
// Texts are for the last of the words that are no flag: it takes all that are left.
using target =
    std::variant<std::string*, std::vector<std::string>*, bool*, int*, std::int64_t*, std::uint16_t*,
                 std::size_t*, double*, seconds*, std::optional<int>*, std::optional<std::int64_t>*,
                 std::optional<double>*, std::optional<seconds>*, word_target, switch_target>;

// `value` has one of the meanings.
template <class Enum>
[[nodiscard]] word_target one_of(Enum& value, std::vector<std::pair<std::string, Enum>> meanings) {
    word_target out;
    for (const auto& [word, meaning] : meanings)
        out.words.push_back(word);
    out.choose = [&value, meanings](std::size_t place) { value = meanings.at(place).second; };
    out.chosen = [&value, meanings] {
        std::size_t place = 0;
        while (place < meanings.size() && meanings[place].second != value)
            ++place;
        return place;
    };
    return out;
}

// `value` is one of the words, or no value yet.
[[nodiscard]] word_target one_of(std::string& value, const std::vector<std::string>& words);

template <class Enum>
[[nodiscard]] switch_target between(Enum& value, Enum off, Enum on) {
    return {.turn = [&value, off, on](bool wanted) { value = wanted ? on : off; },
            .is_on = [&value, on] { return value == on; }};
}

// Who gives an option the value of its variable.
enum class variable_reader {
    parser,
    program,  // by a rule of its own; what is here comes from the flag or the file
};

// One row. What is left out does not apply.
struct option {
    // max-perf: the flag is --max-perf, and the key in the configuration file is max-perf. Of a word that is
    // no flag it is what help calls it.
    std::string name;

    // Read where the flag is not given. A name in <> at its end is the variable of an earlier row, and stands
    // for the value of that.
    std::string variable;
    variable_reader read_by = variable_reader::parser;

    options::target target;

    // The numbers that are taken, both ends included. Without them a number must be finite and fit the
    // target.
    std::optional<double> least;
    std::optional<double> most;

    // What is wrong with a text, beyond that; nothing if it may be taken.
    std::optional<std::string> (*refuse)(const std::string& text) = nullptr;

    value_kind kind = value_kind::text;
    leftovers untidy = leftovers::all;  // what is not taken from a variable; of a path line ends alone
    std::string value_name;             // PROBE, in place of the name that the type or the kind has
    std::string default_words;          // "the worker port + 1": the default where the target cannot hold it
    std::string required;         // what is missing where there is no value: "the address of this machine"
    bool must_be_passed = false;  // on the command line; no default is shown
    std::string excludes;         // an earlier row, which cannot be passed together with this one
    bool secret = false;          // never printed
    bool may_be_empty = false;    // as a text on the command line; elsewhere an empty one is no value

    // What may be printed of a value that can hold a secret; nothing: all of it.
    std::string (*without_secrets)(std::string_view text) = nullptr;

    std::string help;  // a sentence without its full stop
};

// Rows under one heading. Groups of the same title share it.
struct option_group {
    std::string title = "Options";
    std::vector<option> options;
};

// What a value is called: SECONDS, FILE, signed|open. A switch has none.
[[nodiscard]] std::string value_name(const option& row);

// Whether the option takes no value; its flag alone says what is wanted.
[[nodiscard]] bool is_switch(const option& row);

// Whether the row takes any number of words.
[[nodiscard]] bool is_repeated(const option& row);

// The only words that an option takes; empty: there is no such list.
[[nodiscard]] std::vector<std::string> choices(const option& row);

// Why a text is not taken: a clause about the text.
struct refusal {
    std::string why;
};

// The value of the row's variable without what was left around it.
[[nodiscard]] tidied_value tidied_for(const option& row, std::string_view text);

// Reads `text` into the target, behind what is there where the row is repeated; or leaves the target alone
// and says why.
[[nodiscard]] std::optional<refusal> assign(const option& row, const std::string& text);

// The value of the target as a text that assign() takes. Empty where there is none.
[[nodiscard]] std::string shown(const option& row);

// The same before anything is read, as far as it says what happens without the option.
[[nodiscard]] std::string shown_default(const option& row);

}  // namespace nullworker::options
