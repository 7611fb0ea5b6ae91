#include "passed_words.hpp"

#include "command_parts.hpp"

#include <nullworker/options/nearest.hpp>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

namespace nullworker::options {
namespace {

// A negative number is a value.
bool is_flag(std::string_view word) {
    return word.size() > 1 && word[0] == '-' && std::isdigit(static_cast<unsigned char>(word[1])) == 0;
}

std::string_view without_dashes(std::string_view word) {
    word.remove_prefix(std::min(word.find_first_not_of('-'), word.size()));
    return word;
}

std::vector<std::string> names_of(const std::vector<command>& commands) {
    std::vector<std::string> out;
    out.reserve(commands.size());
    for (const auto& one : commands)
        out.push_back(one.name);
    return out;
}

const option* find_row(const command& where, std::string_view name) {
    for (const auto* row : rows_of(where))
        if (row->name == name)
            return row;
    return nullptr;
}

class word_reader {
public:
    word_reader(const command& program, std::span<const char* const> words)
        : x_program(program), x_words(words) {}

    passed_words read() {
        while (x_next < x_words.size()) {
            const std::string_view word = x_words[x_next++];
            if (is_flag(word))
                take_flag(word);
            else
                take_word(word);
        }
        if (!x_program.subcommands.empty() && !x_out.subcommand)
            refuse("no command is named; the commands are " + listed(names_of(x_program.subcommands)));
        check_required(x_program);
        if (x_out.subcommand)
            check_required(*x_out.subcommand);
        return std::move(x_out);
    }

private:
    // What the words at this place are said to.
    [[nodiscard]] const command& current() const { return x_out.subcommand ? *x_out.subcommand : x_program; }

    [[nodiscard]] static std::string listed(const std::vector<std::string>& names) {
        std::string out;
        for (const auto& name : names)
            out.append(out.empty() ? "" : ", ").append(name);
        return out;
    }

    void take_flag(std::string_view word) {
        const auto equals = word.find('=');
        const auto flag = word.substr(0, equals);
        std::optional<std::string> value;
        if (equals != std::string_view::npos)
            value = std::string(word.substr(equals + 1));
        x_behind = nullptr;
        if (flag == "-h" || flag == "--help") {
            x_out.help = true;
        } else if (flag == "--version") {
            x_out.version = true;
        } else if (flag == "--config" && !x_program.file_variable.empty()) {
            if (auto file = value_of(flag, std::move(value)))
                take_file(std::move(*file));
        } else if (const auto* row = flag.starts_with("--") ? known(flag.substr(2)) : nullptr) {
            take_value(*row, flag, std::move(value));
        } else {
            refuse_flag(flag);
        }
    }

    void take_file(std::string path) {
        if (path.empty())
            refuse("--config: an empty value means nothing; leave it out");
        x_out.file = std::move(path);
    }

    [[nodiscard]] const option* known(std::string_view name) const {
        const auto* row = find_row(current(), name);
        return row ? row : find_row(x_program, name);
    }

    void take_value(const option& row, std::string_view flag, std::optional<std::string> value) {
        x_behind = &row;
        if (is_switch(row))
            return put(row, value.value_or("true"));
        if (auto text = value_of(flag, std::move(value)))
            put(row, std::move(*text));
    }

    // The value of a flag that needs one: behind =, or the next word.
    std::optional<std::string> value_of(std::string_view flag, std::optional<std::string> value) {
        const bool is_next = x_next < x_words.size() && !is_known_flag(x_words[x_next]);
        if (!value && is_next)
            value = x_words[x_next++];
        if (!value)
            refuse(std::string(flag) + " needs a value");
        return value;
    }

    // A text that begins with a dash may be a value, a flag of ours is none.
    [[nodiscard]] bool is_known_flag(std::string_view word) const {
        const auto flag = word.substr(0, word.find('='));
        const bool standard = flag == "-h" || flag == "--help" || flag == "--version";
        return standard || (flag.starts_with("--") && known(flag.substr(2)));
    }

    void put(const option& row, std::string text) {
        const auto before = std::ranges::find(x_out.values, &row, &passed_value::row);
        if (before == x_out.values.end() || is_repeated(row))
            x_out.values.push_back({&row, std::move(text)});
        else if (is_switch(row))
            before->text = std::move(text);
        else
            refuse("--" + row.name + " is given twice");
        if (const auto* other = excluded(row))
            refuse("--" + row.name + " and --" + other->name + " exclude each other");
    }

    // What was passed, and cannot be together with this one.
    [[nodiscard]] const option* excluded(const option& row) const {
        for (const auto& passed : x_out.values)
            if (passed.row->name == row.excludes || passed.row->excludes == row.name)
                return passed.row;
        return nullptr;
    }

    // Without a value: it may be a secret, and an error may end in a log.
    void refuse_flag(std::string_view flag) {
        const auto name = without_dashes(flag);
        refuse("unknown option " + std::string(flag) + hint_for(name));
        // The next word is its value, if it has one.
        const bool is_next = x_next < x_words.size() && !is_flag(x_words[x_next]);
        if (is_next && (x_out.subcommand || !find_command(x_words[x_next])))
            ++x_next;
    }

    [[nodiscard]] std::string hint_for(std::string_view name) const {
        std::vector<std::string> own = {"help", "version"};
        if (!x_program.file_variable.empty())
            own.emplace_back("config");
        for (const auto* row : rows_of(current()))
            own.push_back(row->name);
        if (auto close = suggestion(name, own, "--"); !close.empty())
            return close;
        for (const auto& other : x_program.subcommands)
            if (find_row(other, name))
                return x_out.subcommand ? "; it is one of " + x_program.name + ' ' + other.name
                                        : "; write it behind the command, as in " + x_program.name + ' ' +
                                              other.name + " --" + std::string(name);
        return {};
    }

    [[nodiscard]] const command* find_command(std::string_view name) const {
        const auto found = std::ranges::find(x_program.subcommands, name, &command::name);
        return found == x_program.subcommands.end() ? nullptr : &*found;
    }

    void take_word(std::string_view word) {
        if (!x_program.subcommands.empty() && !x_out.subcommand) {
            x_out.subcommand = find_command(word);
            if (!x_out.subcommand)
                refuse("unknown command '" + std::string(word) + '\'' +
                       suggestion(word, names_of(x_program.subcommands)));
            return;
        }
        const auto& places = current().positionals;
        if (x_words_taken < places.size())
            return put(places[x_words_taken++], std::string(word));
        if (!places.empty() && is_repeated(places.back()))
            return put(places.back(), std::string(word));
        refuse_word(word);
    }

    void refuse_word(std::string_view word) {
        const std::string behind = x_behind ? "--" + x_behind->name : "";
        if (x_behind && is_switch(*x_behind))
            return refuse(behind + " takes no value, and a word stands behind it");
        // It may be a part of a secret, which must not end in the daemon's log.
        const bool shown = x_out.subcommand && !(x_behind && x_behind->secret);
        const auto what =
            shown ? '\'' + std::string(word) + '\'' : "a word" + (behind.empty() ? "" : " behind " + behind);
        const auto& name = current().name;
        if (current().behind_dashes.empty())
            return refuse(what + " belongs to no option");
        refuse(what + " belongs to no option; a command stands behind --, as in " + x_program.name + ' ' +
               name + " -- " + (shown ? std::string(word) : current().behind_dashes));
    }

    void check_required(const command& where) {
        const auto is_passed = [this](const option& row) {
            return std::ranges::find(x_out.values, &row, &passed_value::row) != x_out.values.end();
        };
        for (const auto& row : where.positionals)
            if (row.must_be_passed && !is_passed(row))
                refuse(row.name + " is required");
        for (const auto* row : rows_of(where))
            if (row->must_be_passed && !is_passed(*row))
                refuse("--" + row->name + " is required");
    }

    // The first complaint is the one that is made.
    void refuse(std::string why) {
        if (!x_out.error)
            x_out.error = std::move(why);
    }

    const command& x_program;
    std::span<const char* const> x_words;
    std::size_t x_next = 1;            // the program's name is none of them
    std::size_t x_words_taken = 0;     // by positionals
    const option* x_behind = nullptr;  // the option that came last
    passed_words x_out;
};

}  // namespace

passed_words read_words(const command& program, std::span<const char* const> words) {
    return word_reader(program, words).read();
}

}  // namespace nullworker::options
