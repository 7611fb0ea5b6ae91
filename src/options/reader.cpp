#include "command_parts.hpp"

#include <nullworker/base/environment.hpp>
#include <nullworker/options/command.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <deque>
#include <filesystem>
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
    CLI::Option* parsed = nullptr;
    source from = source::nothing;
    std::string text;
};

// What --help says in English of what it has no column for.
std::string help_of(const option& row) {
    return row.help + (row.required.empty() ? "" : "; required") +
           (row.default_words.empty() ? "" : " (default: " + row.default_words + ')') +
           (is_variable_explained(row) ? " (Env:" + row.variable + ')' : "");
}

class command_parser {
public:
    explicit command_parser(const command& what) : x_command(what), x_app(opening(what), what.name) {
        x_app.get_formatter()->column_width(what.help_column);
        x_app.set_help_flag("-h,--help", help_help);
        if (!what.file_variable.empty())
            x_app
                .add_option("--config", x_file,
                            std::string(config_help) + " (Env:" + what.file_variable + ')')
                ->type_name("FILE");
        x_app.set_version_flag("--version", what.name + ' ' + what.version, version_help);
        x_app.footer(what.footer);
        for (const auto& group : what.groups)
            for (const auto& row : group.options)
                add(row, group.title);
    }

    reading read(int argc, const char* const* argv) {
        try {
            x_app.parse(argc, argv);
        } catch (const CLI::CallForHelp&) {
            x_out.text = help();
            return x_out;
        } catch (const CLI::CallForVersion& version) {
            x_out.text = std::string(version.what()) + "\n";
            return x_out;
        } catch (const CLI::ExtrasError&) {
            refuse("unknown arguments: " + unknown_flags());
        } catch (const CLI::ParseError& e) {
            refuse(with_variable(in_one_line(e.what())));
        }
        take_flags();
        take_variables();
        take_file();
        for (auto& found : x_options)
            settle(found);
        return std::move(x_out);
    }

private:
    void add(const option& row, const std::string& group) {
        auto& found = x_options.emplace_back(found_option{.row = row});
        const auto flag = "--" + row.name;
        const auto type = value_name(row);
        if (type.empty())
            found.parsed = x_app.add_flag(flag, found.text, help_of(row));
        else
            found.parsed =
                x_app.add_option(flag, found.text, help_of(row))->type_name(type)->default_str(shown(row));
        found.parsed->group(group);
    }

    // CLI11 would read a variable that it is told of, and then there is no telling it from a flag.
    std::string help() {
        for (auto& found : x_options)
            if (!is_variable_explained(found.row))
                found.parsed->envname(found.row.variable);
        return x_app.help() + "\n";
    }

    void take_flags() {
        for (auto& found : x_options) {
            if (found.parsed->count() == 0)
                continue;
            found.from = source::flag;
            found.text = found.parsed->results().back();
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
        if (const char* value = environment(variable_of(x_command, found.row))) {
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
        const auto place = std::ranges::find(x_options, item.fullname(),
                                             [](const found_option& found) { return found.row.name; });
        if (place == x_options.end())
            throw CLI::ConfigError::Extras(item.fullname());
        if (place->from != source::nothing)
            return;
        if (value_name(place->row).empty()) {
            place->text = CLI::ConfigINI().to_flag(item);
        } else {
            place->parsed->add_result(item.inputs);
            place->parsed->run_callback();
        }
        place->from = source::file;
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
        return (both ? variable_of(x_command, found.row) + " or " : "") + "--" + found.row.name;
    }

    // CLI11's message, which names a flag.
    [[nodiscard]] std::string with_variable(std::string message) const {
        for (const auto& found : x_options) {
            const auto flag = "--" + found.row.name;
            const auto at = message.find(flag);
            const auto end = at == std::string::npos ? at : at + flag.size();
            const bool whole = end == message.size() || (end < message.size() && message[end] != '-');
            if (at != std::string::npos && whole)
                return message.replace(at, flag.size(), named(found));
        }
        return message;
    }

    // The words of the command line that are no flag of ours, without values, which may be secrets.
    [[nodiscard]] std::string unknown_flags() const {
        std::string out;
        for (const auto& word : x_app.remaining())
            if (word.starts_with('-'))
                out += (out.empty() ? "" : " ") + word.substr(0, word.find('='));
        return out.empty() ? "words that belong to no flag" : out;
    }

    // The first complaint is the one that is made.
    void refuse(const std::string& why) {
        if (!x_out.error)
            x_out.error = why + "; see " + x_command.name + " --help";
    }

    const command& x_command;
    CLI::App x_app;
    std::string x_file;
    std::deque<found_option> x_options;  // CLI11 keeps references
    reading x_out;
};

}  // namespace

reading read(const command& what, int argc, const char* const* argv) {
    return command_parser(what).read(argc, argv);
}

}  // namespace nullworker::options
