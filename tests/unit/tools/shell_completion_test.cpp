#include "toaster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <manual/shell_completion.hpp>
#include <string>

namespace nullworker::manual {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(bash_completion, is_registered_for_the_program) {
    EXPECT_THAT(bash_completion(test::toaster()), HasSubstr("\ncomplete -F _toaster toaster\n"));
}

TEST(bash_completion, offers_subcommands_and_their_flags) {
    const auto script = bash_completion(test::toaster());
    EXPECT_THAT(script, HasSubstr(" _toaster_offer toast watch\n"));
    EXPECT_THAT(script, HasSubstr(" _toaster_offer -h --help --config\n"));
    EXPECT_THAT(script, HasSubstr(" _toaster_offer -h --help --shade -p --plate --token\n"));
}

TEST(bash_completion, knows_what_a_value_can_be) {
    const auto script = bash_completion(test::toaster());
    EXPECT_THAT(script, HasSubstr(" :--config)\n        _toaster_files\n"));
    EXPECT_THAT(script, HasSubstr(" toast:--shade)\n        _toaster_offer light dark\n"));
    EXPECT_THAT(script, HasSubstr(" toast:-p | toast:--plate)\n        _toaster_files -d\n"));
    EXPECT_THAT(script, HasSubstr(" toast:--token)\n        return\n"));
}

TEST(bash_completion, leaves_what_is_behind_dashes_to_the_other_program) {
    EXPECT_THAT(bash_completion(test::toaster()), HasSubstr(" watch) _toaster_command $((index + 1)) ;;\n"));
}

TEST(bash_completion, of_a_program_without_other_commands_has_no_helper_for_them) {
    EXPECT_THAT(bash_completion({.name = "bare"}), Not(HasSubstr("_bare_command")));
}

TEST(bash_completion, quotes_what_the_shell_would_read) {
    const options::command_description program{
        .name = "odd",
        .options = {{.flags = {"--of"},
                     .value = {.name = "WORD", .choices = {"$HOME", "it's", "two words", "*", ""}}}}};
    EXPECT_THAT(bash_completion(program), HasSubstr(R"(_odd_offer '$HOME' 'it'\''s' 'two words' '*' '')"));
}

TEST(zsh_completion, names_its_program_in_the_first_line) {
    EXPECT_THAT(zsh_completion(test::toaster()), testing::StartsWith("#compdef toaster\n"));
}

TEST(zsh_completion, describes_subcommands_by_group) {
    EXPECT_THAT(zsh_completion(test::toaster()),
                HasSubstr("        entries=(\n"
                          "            'toast:Make toast'\n"
                          "        )\n"
                          "        _describe -t commands 'Kitchen' entries && ret=0\n"
                          "        entries=(\n"
                          "            'watch:Watch while a command runs'\n"
                          "        )\n"
                          "        _describe -t commands 'Safety' entries && ret=0\n"));
}

TEST(zsh_completion, describes_options_and_values) {
    const auto script = zsh_completion(test::toaster());
    EXPECT_THAT(script, HasSubstr("'(-h --help)-h[Print this]'"));
    EXPECT_THAT(script, HasSubstr("'--config=[Settings]:FILE:_files'"));
    EXPECT_THAT(script, HasSubstr("'(-p --plate)-p[Where to put it]:DIR:_files -/'"));
    EXPECT_THAT(script, HasSubstr("'(-p --plate)--plate=[Where to put it]:DIR:_files -/'"));
    EXPECT_THAT(script, HasSubstr("'--token=[Who eats it]:TEXT: '"));
    EXPECT_THAT(script, HasSubstr("'*:BREAD:_files'"));
}

TEST(zsh_completion, escapes_brackets_colons_and_quotes) {
    EXPECT_THAT(
        zsh_completion(test::toaster()),
        HasSubstr(R"('--shade=[How \[brown\]\: it'\''s a matter of taste]:light|dark:(light dark)')"));
}

TEST(zsh_completion, leaves_what_is_behind_dashes_to_the_other_program) {
    EXPECT_THAT(zsh_completion(test::toaster()), HasSubstr("_toaster_watch() {\n"
                                                           "    local dashes=${words[(i)--]}\n"));
}

}  // namespace
}  // namespace nullworker::manual
