#include <nullworker/manual/describe.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace nullworker::manual {
namespace {

// CLI11's names for what the user knows as a number.
constexpr std::pair<std::string_view, std::string_view> plain_names[] = {
    {"INT", "NUMBER"}, {"UINT", "NUMBER"}, {"FLOAT", "NUMBER"}};

constexpr std::pair<std::string_view, value_kind> kinds[] = {{"FILE", value_kind::file},
                                                             {"DIR", value_kind::directory}};

template <class Table, class Value>
Value looked_up(const Table& table, std::string_view name, Value otherwise) {
    for (const auto& [known, value] : table)
        if (known == name)
            return Value(value);
    return otherwise;
}

std::vector<std::string> split(std::string_view text, char at) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto end = std::min(text.find(at), text.size());
        out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

// From a validator's words: "TEXT:{a,b}" of CLI::IsMember, "…value in {a->0,b->1} OR {0,1}" of a transformer.
std::vector<std::string> listed_choices(std::string_view type) {
    const auto begin = type.find('{');
    const auto end = type.find('}');
    if (begin == std::string_view::npos || end == std::string_view::npos)
        return {};
    auto out = split(type.substr(begin + 1, end - begin - 1), ',');
    for (auto& choice : out)
        choice.resize(std::min(choice.find("->"), choice.size()));
    return out;
}

value_description describe_value(const CLI::Option& option) {
    if (option.get_items_expected_max() == 0)
        return {};
    const std::string type = option.get_type_name();
    const auto name = std::string_view(type).substr(0, type.find(':'));
    value_description out;
    out.choices = name.find('|') == std::string_view::npos ? listed_choices(type) : split(name, '|');
    out.kind = looked_up(kinds, name, value_kind::text);
    out.name = looked_up(plain_names, name, std::string(name.empty() ? "VALUE" : name));
    return out;
}

// Takes what stands between `begin` and the next `)` out of `text`, both included, and the space before it.
std::string take_note(std::string& text, std::string_view begin) {
    const auto start = text.find(begin);
    const auto end = start == std::string::npos ? start : text.find(')', start);
    if (end == std::string::npos)
        return {};
    std::string out = text.substr(start + begin.size(), end - start - begin.size());
    const auto from = start > 0 && text[start - 1] == ' ' ? start - 1 : start;
    text.erase(from, end + 1 - from);
    return out;
}

bool take_end(std::string& text, std::string_view end) {
    const bool found = text.ends_with(end);
    if (found)
        text.resize(text.size() - end.size());
    return found;
}

std::vector<std::string> flags_of(const CLI::Option& option) {
    std::vector<std::string> out;
    for (const auto& letter : option.get_snames())
        out.push_back('-' + letter);
    for (const auto& word : option.get_lnames())
        out.push_back("--" + word);
    return out;
}

option_description describe_option(const CLI::Option& option) {
    option_description out{.flags = flags_of(option),
                           .value = describe_value(option),
                           .help = option.get_description(),
                           .default_value = option.get_default_str(),
                           .environment = option.get_envname(),
                           .group = option.get_group()};
    auto in_words = take_note(out.help, "(default: ");
    if (out.default_value.empty())
        out.default_value = std::move(in_words);
    auto variable = take_note(out.help, "(Env:");
    if (out.environment.empty())
        out.environment = std::move(variable);
    out.required = take_end(out.help, "; required") || option.get_required();
    return out;
}

positional_description describe_positional(const CLI::Option& option) {
    positional_description out{.value = describe_value(option),
                               .help = option.get_description(),
                               .required = option.get_required(),
                               .repeated = option.get_expected_max() > 1};
    out.value.name = option.get_name(true);
    return out;
}

// The first sentence, without the name of the program that it may begin with.
std::string summary_of(std::string text, const std::string& name) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    for (const auto* end : {". ", ": "})
        text.resize(std::min(text.find(end), text.size()));
    (void)take_end(text, ".");
    return text.starts_with(name + ' ') ? text.substr(name.size() + 1) : text;
}

}  // namespace

command_description describe(const CLI::App& app) {
    command_description out{.name = app.get_name(),
                            .group = app.get_group(),
                            .summary = summary_of(app.get_description(), app.get_name()),
                            .description = app.get_description(),
                            .footer = app.get_footer()};
    for (const auto* option : app.get_options()) {
        if (option->get_group().empty())
            continue;
        if (option->nonpositional())
            out.options.push_back(describe_option(*option));
        else
            out.positionals.push_back(describe_positional(*option));
    }
    for (const auto* inner : app.get_subcommands({}))
        if (!inner->get_group().empty())
            out.subcommands.push_back(describe(*inner));
    return out;
}

}  // namespace nullworker::manual
