#include "command_parts.hpp"
#include "settings_file.hpp"

#include <nullworker/options/command.hpp>

#include <algorithm>
#include <string_view>

namespace nullworker::options {
namespace {

// The user knows any of them as a number.
constexpr std::string_view names_of_numbers[] = {"INT", "UINT", "FLOAT"};

value_description describe_value(const option& row) {
    auto name = value_name(row);
    if (std::ranges::find(names_of_numbers, name) != std::end(names_of_numbers))
        name = "NUMBER";
    return {.name = std::move(name), .kind = row.kind, .choices = choices(row)};
}

option_description describe_row(const option& row, const std::string& group) {
    const auto held = shown_default(row);
    return {.flags = {"--" + row.name},
            .value = describe_value(row),
            .help = row.help,
            .default_value = held.empty() ? row.default_words : held,
            .environment = row.variable,
            .group = group,
            .required = row.must_be_passed || !row.required.empty()};
}

positional_description describe_positional(const option& row) {
    auto value = describe_value(row);
    value.name = row.name;
    return {.value = std::move(value),
            .help = row.help,
            .required = row.must_be_passed,
            .repeated = is_repeated(row)};
}

// A value as the configuration file takes it; nothing where it has no way to write it.
std::optional<std::string> file_value(const option& row) {
    const auto value = shown(row);
    const bool bare =
        is_switch(row) || (!value.empty() && value.find_first_not_of("0123456789.") == std::string::npos);
    return bare ? value : setting_value(value);
}

std::string file_line(const option& row) {
    const auto value = shown(row);
    if (row.without_secrets && row.without_secrets(value) != value)
        return "# " + row.name + " is set, to " + row.without_secrets(value) + " and what is not shown";
    if (row.secret)
        return "# " + row.name + (value.empty() ? " is not set" : " = ********");
    const auto written = file_value(row);
    return written ? row.name + " = " + *written : "# " + row.name + " is set, to what no line can hold";
}

// What a program and a subcommand have in common.
command_description describe_options(const command& what) {
    command_description out{.name = what.name, .footer = what.footer, .behind_dashes = what.behind_dashes};
    const option_group standard;
    out.options.push_back({.flags = {"-h", "--help"}, .help = help_help, .group = standard.title});
    if (!what.file_variable.empty())
        out.options.push_back({.flags = {"--config"},
                               .value = {.name = "FILE", .kind = value_kind::file},
                               .help = config_help,
                               .environment = what.file_variable,
                               .group = standard.title});
    if (!what.version.empty())
        out.options.push_back({.flags = {"--version"}, .help = version_help, .group = standard.title});
    for (const auto& group : what.groups)
        for (const auto& row : group.options)
            out.options.push_back(describe_row(row, group.title));
    for (const auto& row : what.positionals)
        out.positionals.push_back(describe_positional(row));
    return out;
}

std::optional<std::string> missing_row(const command& what, const option& row) {
    if (row.required.empty() || !shown(row).empty())
        return std::nullopt;
    return variable_of(what, row) + " is not set: " + row.required + "; set it or pass --" + row.name;
}

}  // namespace

std::string in_one_line(std::string text) {
    std::ranges::replace(text, '\n', ' ');
    return text;
}

std::string opening(const command& what) {
    return what.name + ' ' + what.summary + '.' + what.description;
}

// A code that is no plain number, such as 128+N, begins a line of its own.
std::string closing(const command& what) {
    if (what.exit_codes.empty())
        return what.footer;
    std::string list;
    for (const auto& [code, meaning] : what.exit_codes) {
        const bool plain = code.find_first_not_of("0123456789") == std::string::npos;
        list += (list.empty() ? "Exit codes: " : plain ? ", " : ",\n") + code + ' ' + meaning;
    }
    return what.footer + (what.footer.empty() ? "" : "\n") + list + '.';
}

std::vector<const option*> rows_of(const command& what) {
    std::vector<const option*> out;
    for (const auto& group : what.groups)
        for (const auto& row : group.options)
            out.push_back(&row);
    return out;
}

bool has_fixed_name(const option& row) {
    return !row.variable.ends_with('>');
}

std::string variable_of(const command& what, const option& row) {
    if (has_fixed_name(row))
        return row.variable;
    const auto begin = row.variable.find('<');
    const auto wanted = row.variable.substr(begin + 1, row.variable.size() - begin - 2);
    auto out = row.variable.substr(0, begin);
    for (const auto* other : rows_of(what))
        if (other->variable == wanted)
            out += shown(*other);
    return out;
}

std::optional<std::string> missing(const command& what) {
    for (const bool fixed : {true, false})
        for (const auto* row : rows_of(what))
            if (has_fixed_name(*row) == fixed)
                if (auto out = missing_row(what, *row))
                    return out;
    return std::nullopt;
}

command_description describe(const command& what) {
    auto out = describe_options(what);
    out.summary = in_one_line(what.summary);
    out.description = opening(what);
    out.examples = what.examples;
    for (const auto& [code, meaning] : what.exit_codes)
        out.exit_codes.push_back({code, in_one_line(meaning)});
    for (const auto& inner : what.subcommands) {
        auto& described = out.subcommands.emplace_back(describe_options(inner));
        described.group = inner.group;
        described.summary = described.description = inner.summary;
    }
    return out;
}

std::string written_out(const command& what) {
    std::string out;
    for (const auto* row : rows_of(what))
        if (!row->variable.empty())
            out += file_line(*row) + '\n';
    return out;
}

}  // namespace nullworker::options
