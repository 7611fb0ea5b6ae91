#include "command_parts.hpp"

#include <nullworker/base/environment.hpp>
#include <nullworker/options/command.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

namespace nullworker::options {
namespace {

// Whether --help names the variable behind the explanation rather than beside the flag.
bool is_variable_explained(const option& row) {
    return row.read_by == variable_reader::program || !has_fixed_name(row);
}

// An option and what was found for it.
struct found_option {
    const option& row;
    const command& owner;
    std::string flag;  // or the name of a word that is no flag
    CLI::Option* parsed = nullptr;
    source from = source::nothing;
    std::string text;
};

// What --help says in English of what it has no column for. What must be passed is marked beside the flag,
// too.
std::string help_of(const option& row) {
    return row.help + (row.required.empty() && !row.must_be_passed ? "" : "; required") +
           (row.default_words.empty() ? "" : " (default: " + row.default_words + ')') +
           (is_variable_explained(row) ? " (Env:" + row.variable + ')' : "");
}

class command_parser {
public:
    command_parser(const command& what, std::span<const char* const> words)
        : x_command(what), x_words(words), x_app(opening(what), what.name) {
        x_app.get_formatter()->column_width(what.help_column);
        x_app.set_help_flag("-h,--help", help_help);
        if (!what.file_variable.empty())
            x_app
                .add_option("--config", x_file,
                            std::string(config_help) + " (Env:" + what.file_variable + ')')
                ->type_name("FILE");
        x_app.set_version_flag("--version", what.name + ' ' + what.version, version_help);
        x_app.footer(closing(what));
        x_app.require_subcommand(what.subcommands.empty() ? 0 : 1);
        add_rows(x_app, what);
        for (const auto& inner : what.subcommands)
            add_subcommand(inner);
    }

    reading read() {
        try {
            parse();
        } catch (const CLI::CallForHelp&) {
            x_out.help = help();
            return std::move(x_out);
        } catch (const CLI::CallForVersion& version) {
            x_out.version = std::string(version.what()) + "\n";
            return std::move(x_out);
        } catch (const CLI::ExtrasError&) {
            refuse("unknown arguments: " + unknown_flags());
        } catch (const CLI::ParseError& e) {
            refuse(with_variable(in_one_line(e.what())));
        }
        take_flags();
        take_variables();
        take_file();
        for (auto* found : x_chosen)
            settle(*found);
        return std::move(x_out);
    }

private:
    // Throws CLI::ParseError. What was meant is chosen in any case.
    void parse() {
        try {
            x_app.parse(static_cast<int>(x_words.size()), x_words.data());
        } catch (const CLI::ParseError&) {
            choose();
            throw;
        }
        choose();
    }

    void add_subcommand(const command& inner) {
        auto& app = *x_app.add_subcommand(inner.name, inner.summary);
        app.group(inner.group);
        if (!inner.footer.empty())  // else it has that of the program
            app.footer(inner.footer);
        if (is_named(inner))
            add_rows(app, inner);
    }

    // Whether the subcommand may be meant. The options of all others need not be looked for.
    [[nodiscard]] bool is_named(const command& inner) const {
        return std::ranges::find(x_words, inner.name) != x_words.end();
    }

    void add_rows(CLI::App& app, const command& what) {
        for (const auto& row : what.positionals)
            add(app, {.row = row, .owner = what, .flag = row.name}, row.help);
        for (const auto& group : what.groups)
            for (const auto& row : group.options)
                add(app, {.row = row, .owner = what, .flag = "--" + row.name}, help_of(row))
                    .group(group.title);
    }

    CLI::Option& add(CLI::App& app, found_option option, const std::string& help) {
        auto& found = x_options.emplace_back(std::move(option));
        const auto& row = found.row;
        if (is_switch(row))
            found.parsed = app.add_flag(found.flag, found.text, help);
        else
            found.parsed = app.add_option(found.flag, found.text, help)
                               ->type_name(value_name(row))
                               ->default_str(shown_default(row));
        found.parsed->required(row.must_be_passed);
        if (!row.excludes.empty())
            found.parsed->excludes(app.get_option("--" + row.excludes));
        return *found.parsed;
    }

    // From here on the options of the program and of the subcommand that is meant are all there is.
    void choose() {
        for (const auto* named : x_app.get_subcommands())
            x_out.subcommand = named->get_name();
        for (auto& found : x_options)
            if (&found.owner == &x_command || found.owner.name == x_out.subcommand)
                x_chosen.push_back(&found);
    }

    // CLI11 would read a variable that it is told of, and then there is no telling it from a flag.
    std::string help() {
        for (auto& found : x_options)
            if (!is_variable_explained(found.row))
                found.parsed->envname(found.row.variable);
        return x_app.help();
    }

    void take_flags() {
        for (auto* found : x_chosen) {
            if (found->parsed->count() == 0)
                continue;
            found->from = source::flag;
            found->text = found->parsed->results().back();
        }
    }

    void take_variables() {
        for (auto* found : x_chosen)
            if (has_fixed_name(found->row))
                take_variable(*found);
    }

    void take_variable(found_option& found) {
        if (found.from == source::flag || found.row.read_by == variable_reader::program)
            return;
        if (const char* value = environment(variable_of(found.owner, found.row))) {
            found.from = source::variable;
            found.text = value;
        }
    }

    // What stands in the configuration file, for those options that nothing else gave.
    void take_file() {
        const char* by_variable =
            x_command.file_variable.empty() ? nullptr : environment(x_command.file_variable);
        if (x_file.empty() && by_variable)
            x_file = by_variable;
        if (x_file.empty())
            return;
        try {
            if (std::error_code ignored; std::filesystem::is_directory(x_file, ignored))
                throw CLI::FileError::Missing(x_file);
            for (const auto& item : CLI::ConfigINI().from_file(x_file))
                take_item(item);
        } catch (const CLI::ParseError& e) {
            refuse(with_variable(in_one_line(e.what())));
        }
    }

    void take_item(const CLI::ConfigItem& item) {
        const auto place = std::ranges::find(x_chosen, item.fullname(),
                                             [](const found_option* found) { return found->row.name; });
        if (place == x_chosen.end())
            throw CLI::ConfigError::Extras(item.fullname());
        auto& found = **place;
        if (found.from != source::nothing)
            return;
        if (is_switch(found.row)) {
            found.text = CLI::ConfigINI().to_flag(item);
        } else {
            found.parsed->add_result(item.inputs);
            found.parsed->run_callback();
        }
        found.from = source::file;
    }

    // Reads what was found into the target. What a variable's name depends on is known by now.
    void settle(found_option& found) {
        if (!has_fixed_name(found.row))
            take_variable(found);
        x_out.sources[found.row.name] = found.from;
        if (found.from == source::nothing)
            return;
        if (const auto wrong = assign(found.row, found.text)) {
            const auto name = named(found);
            refuse(wrong->why.empty() ? "Could not convert: " + name + " = " + found.text
                                      : name + ": " + wrong->why);
        }
    }

    // The option as a message names it: with its variable, unless that depends on others and is not at fault.
    [[nodiscard]] std::string named(const found_option& found) const {
        const bool both =
            has_fixed_name(found.row) ? !found.row.variable.empty() : found.from == source::variable;
        return (both ? variable_of(found.owner, found.row) + " or " : "") + found.flag;
    }

    // CLI11's message, which names a flag.
    [[nodiscard]] std::string with_variable(std::string message) const {
        for (const auto* found : x_chosen) {
            const auto& flag = found->flag;
            const auto at = message.find(flag);
            const auto end = at == std::string::npos ? at : at + flag.size();
            const bool whole = end == message.size() || (end < message.size() && message[end] != '-');
            if (at != std::string::npos && whole)
                return message.replace(at, flag.size(), named(*found));
        }
        return message;
    }

    // The flags of the command line that are none of ours, without values: they may be secrets, and an error
    // may end in a log.
    [[nodiscard]] std::string unknown_flags() const {
        std::string out;
        for (const auto& word : x_app.remaining(/*recurse=*/true))
            if (word.starts_with('-'))
                out += (out.empty() ? "" : " ") + word.substr(0, word.find('='));
        return out.empty() ? "words that belong to no flag" : out;
    }

    // The first complaint is the one that is made.
    void refuse(const std::string& why) {
        if (!x_out.error)
            x_out.error = why;
    }

    const command& x_command;
    std::span<const char* const> x_words;
    CLI::App x_app;
    std::string x_file;
    std::deque<found_option> x_options;  // CLI11 keeps references
    std::vector<found_option*> x_chosen;
    reading x_out;
};

}  // namespace

reading read(const command& what, int argc, const char* const* argv) {
    return command_parser(what, {argv, static_cast<std::size_t>(argc)}).read();
}

}  // namespace nullworker::options
