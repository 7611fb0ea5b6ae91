#include "command_parts.hpp"
#include "passed_words.hpp"
#include "settings_file.hpp"

#include <nullworker/base/environment.hpp>
#include <nullworker/options/command.hpp>
#include <nullworker/options/nearest.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace nullworker::options {
namespace {

// Whether --help names the variable behind the explanation rather than beside the flag.
bool is_variable_explained(const option& row) {
    return row.read_by == variable_reader::program || !has_fixed_name(row);
}

// What --help says in English of what it has no column for. What must be passed is marked beside the flag,
// too.
std::string help_of(const option& row) {
    return row.help + (row.required.empty() && !row.must_be_passed ? "" : "; required") +
           (row.default_words.empty() ? "" : " (default: " + row.default_words + ')') +
           (is_variable_explained(row) ? " (Env:" + row.variable + ')' : "");
}

constexpr std::size_t help_width = 100;

// How many columns UTF-8 takes, as far as the words of our programs go.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

// The last blank behind `least` up to which a line fits; npos where there is none.
std::size_t place_to_break(std::string_view line, std::size_t least) {
    auto found = std::string_view::npos;
    for (auto blank = line.find(' ', least + 1); blank != std::string_view::npos;
         blank = line.find(' ', blank + 1))
        if (width_of(line.substr(0, blank)) <= help_width)
            found = blank;
    return found;
}

// `line` as lines that fit. What explains an option goes on in the column where it begins.
std::string fitted(std::string line, std::size_t column) {
    const std::size_t indent = line.starts_with("  ") ? column : 0;
    std::string out;
    while (width_of(line) > help_width) {
        const auto end = place_to_break(line, indent);
        if (end == std::string::npos)
            break;
        out += line.substr(0, end) + '\n';
        line = std::string(indent, ' ') + line.substr(end + 1);
    }
    return out + line;
}

// The text of --help. The command line is not read by CLI11: its complaints name neither the word that is
// wrong nor the one that was meant.
class help_text {
public:
    // `subcommand` may be null.
    help_text(const command& what, const command* subcommand)
        : x_app(opening(what), what.name), x_shown(&x_app), x_column(what.help_column) {
        x_app.get_formatter()->column_width(what.help_column);
        x_app.set_help_flag("-h,--help", help_help);
        const auto config = std::string(config_help) + " (Env:" + what.file_variable + ')';
        if (!what.file_variable.empty())
            x_app.add_option("--config", config)->type_name("FILE");
        x_app.set_version_flag("--version", what.version, version_help);
        x_app.footer(closing(what));
        x_behind_dashes = (subcommand ? *subcommand : what).behind_dashes;
        x_app.require_subcommand(what.subcommands.empty() ? 0 : 1);
        add_rows(x_app, what);
        for (const auto& inner : what.subcommands)
            add_subcommand(inner, &inner == subcommand);
    }

    [[nodiscard]] std::string text() const {
        std::istringstream written(x_shown->help(x_shown == &x_app ? "" : x_app.get_name()));
        std::string out;
        for (std::string line; std::getline(written, line);) {
            if (line.starts_with("Usage: ") && !x_behind_dashes.empty())
                line += " [-- " + x_behind_dashes + "...]";
            out += fitted(std::move(line), x_column) + '\n';
        }
        return out;
    }

private:
    void add_subcommand(const command& inner, bool shown) {
        auto& app = *x_app.add_subcommand(inner.name, inner.summary);
        app.group(inner.group);
        if (!inner.footer.empty())  // else it has that of the program
            app.footer(inner.footer);
        if (!shown)
            return;
        add_rows(app, inner);
        x_shown = &app;
    }

    static void add_rows(CLI::App& app, const command& what) {
        for (const auto& row : what.positionals)
            add(app, row, row.name, row.help);
        for (const auto& group : what.groups)
            for (const auto& row : group.options)
                add(app, row, "--" + row.name, help_of(row)).group(group.title);
    }

    static CLI::Option& add(CLI::App& app, const option& row, const std::string& flag,
                            const std::string& help) {
        auto& added = is_switch(row) ? *app.add_flag(flag, help) : *app.add_option(flag, help);
        if (!is_switch(row))
            added.type_name(value_name(row))->default_str(shown_default(row));
        if (is_repeated(row))
            added.expected(1, CLI::detail::expected_max_vector_size);
        added.required(row.must_be_passed);
        if (!is_variable_explained(row))
            added.envname(row.variable);
        if (!row.excludes.empty())
            added.excludes(app.get_option("--" + row.excludes));
        return added;
    }

    CLI::App x_app;
    CLI::App* x_shown;
    std::size_t x_column;
    std::string x_behind_dashes;
};

// An option and what was found for it.
struct found_option {
    const option& row;
    const command& owner;
    source from = source::nothing;
    std::vector<std::string> texts;  // one, unless the row is repeated
    std::size_t line = 0;            // of the file
};

class command_reader {
public:
    command_reader(const command& what, std::span<const char* const> words)
        : x_command(what), x_passed(read_words(what, words)) {
        add_rows(what);
        if (x_passed.subcommand)
            add_rows(*x_passed.subcommand);
    }

    reading read() {
        if (x_passed.subcommand)
            x_out.subcommand = x_passed.subcommand->name;
        if (x_passed.help)
            x_out.help = help_text(x_command, x_passed.subcommand).text();
        else if (x_passed.version)
            x_out.version = x_command.name + ' ' + x_command.version + '\n';
        if (x_out.help || x_out.version)
            return std::move(x_out);
        x_out.error = x_passed.error;
        take_flags();
        take_variables();
        take_file();
        for (auto& found : x_options)
            settle(found);
        return std::move(x_out);
    }

private:
    void add_rows(const command& what) {
        for (const auto& row : what.positionals)
            x_options.push_back({.row = row, .owner = what});
        for (const auto* row : rows_of(what))
            x_options.push_back({.row = *row, .owner = what});
    }

    void take_flags() {
        for (auto& found : x_options)
            for (auto& passed : x_passed.values)
                if (passed.row == &found.row) {
                    found.from = source::flag;
                    found.texts.push_back(std::move(passed.text));
                }
    }

    void take_variables() {
        for (auto& found : x_options)
            if (has_fixed_name(found.row))
                take_variable(found);
    }

    void take_variable(found_option& found) {
        if (found.from == source::flag || found.row.read_by == variable_reader::program)
            return;
        const auto variable = variable_of(found.owner, found.row);
        const char* value = environment(variable);
        if (!value)
            return;
        auto tidy = tidied_for(found.row, value);
        if (!tidy.trimmed.empty())
            x_out.remarks.push_back(remark_on(variable, tidy));
        if (tidy.text.empty())
            return;
        found.from = source::variable;
        found.texts = {std::move(tidy.text)};
    }

    // What stands in the configuration file, for those options that nothing else gave.
    void take_file() {
        if (x_passed.file.empty() && !x_command.file_variable.empty())
            x_passed.file = path_in_environment(x_command.file_variable);
        if (x_passed.file.empty())
            return;
        auto read = read_settings(x_passed.file);
        if (read.error)
            refuse(x_passed.file + ": " + *read.error);
        for (auto& setting : read.settings)
            take_setting(std::move(setting));
    }

    void take_setting(file_setting setting) {
        std::vector<std::string> keys;
        for (auto& found : x_options) {
            keys.push_back(found.row.name);
            if (found.row.name != setting.key)
                continue;
            if (found.from == source::nothing) {
                found.from = source::file;
                found.texts = {std::move(setting.value)};
                found.line = setting.line;
            }
            return;
        }
        refuse(in_file(setting.line) + "unknown key '" + setting.key + '\'' + suggestion(setting.key, keys));
    }

    // Reads what was found into the target. What a variable's name depends on is known by now.
    void settle(found_option& found) {
        if (!has_fixed_name(found.row))
            take_variable(found);
        // A file may say that there is no value.
        if (found.from == source::file && found.texts.front().empty() && shown(found.row).empty())
            found.from = source::nothing;
        x_out.sources[found.row.name] = found.from;
        if (found.from == source::nothing)
            return;
        for (const auto& text : found.texts)
            settle(found, text);
    }

    void settle(const found_option& found, const std::string& text) {
        if (is_blank_by_mistake(found, text))
            return refuse(named(found) + ": an empty value means nothing; leave it out");
        if (const auto wrong = assign(found.row, text))
            refuse(named(found) + ": " + wrong->why);
    }

    // As when a script passes a variable that is not set: what follows would be something else than was
    // meant.
    static bool is_blank_by_mistake(const found_option& found, const std::string& text) {
        const bool is_text = std::holds_alternative<std::string*>(found.row.target) || is_repeated(found.row);
        return found.from == source::flag && !found.row.may_be_empty && is_text &&
               text.find_first_not_of(" \t\r\n") == std::string::npos;
    }

    // The option as a message names it: by its line, or with its variable, unless that depends on others and
    // is not at fault.
    [[nodiscard]] std::string named(const found_option& found) const {
        if (found.from == source::file)
            return in_file(found.line) + found.row.name;
        const bool both =
            has_fixed_name(found.row) ? !found.row.variable.empty() : found.from == source::variable;
        const auto& positionals = found.owner.positionals;
        const bool is_positional = std::ranges::find(positionals, &found.row, [](const option& row) {
                                       return &row;
                                   }) != positionals.end();
        return (both ? variable_of(found.owner, found.row) + " or " : "") + (is_positional ? "" : "--") +
               found.row.name;
    }

    [[nodiscard]] std::string in_file(std::size_t line) const {
        return x_passed.file + ": line " + std::to_string(line) + ": ";
    }

    // The first complaint is the one that is made.
    void refuse(const std::string& why) {
        if (!x_out.error)
            x_out.error = why;
    }

    const command& x_command;
    passed_words x_passed;
    std::vector<found_option> x_options;
    reading x_out;
};

}  // namespace

reading read(const command& what, int argc, const char* const* argv) {
    return command_reader(what, {argv, static_cast<std::size_t>(argc)}).read();
}

}  // namespace nullworker::options
