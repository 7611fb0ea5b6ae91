#include "toaster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <manual/man_page.hpp>
#include <string>

namespace nullworker::manual {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string page() {
    return man_page(test::toaster(),
                    {.section = 8, .version = "1.2.3", .see_also = {"bread(1)", "butter(1)"}});
}

TEST(man_page, begins_with_its_title_and_its_name) {
    EXPECT_THAT(page(), HasSubstr(".TH TOASTER 8 \"\" \"toaster 1.2.3\" \"System Administration\"\n"));
    EXPECT_THAT(page(), HasSubstr(".SH NAME\ntoaster \\- toasts\n"));
}

TEST(man_page, shows_indented_lines_of_a_text_as_they_stand) {
    auto program = test::toaster();
    program.footer = "Say\nthis:\n  toaster   toast\n  toaster watch\nor nothing.";
    EXPECT_THAT(man_page(program, {.section = 1, .version = "1", .see_also = {}}),
                HasSubstr(".PP\nSay this:\n.PP\n.RS\n.nf\ntoaster   toast\ntoaster watch\n.fi\n.RE\n.PP\nor "
                          "nothing.\n"));
}

TEST(man_page, has_a_synopsis_of_every_subcommand) {
    EXPECT_THAT(page(), HasSubstr("\\fBtoaster toast\\fR [\\fIOPTION\\fR]... \\fIBREAD\\fR...\n"));
    EXPECT_THAT(page(),
                HasSubstr("\\fBtoaster watch\\fR [\\fIOPTION\\fR]... [\\fB\\-\\-\\fR \\fICMD\\fR...]\n"));
}

TEST(man_page, says_all_of_an_option) {
    EXPECT_THAT(page(),
                HasSubstr(".SS Setup\n.TP\n\\fB\\-\\-config\\fR \\fIFILE\\fR\n"
                          "Settings. Default: /etc/toaster.conf. Variable: \\fBTOASTER_CONFIG\\fR.\n"));
    EXPECT_THAT(page(), HasSubstr(".TP\n\\fB\\-p\\fR, \\fB\\-\\-plate\\fR \\fIDIR\\fR\nWhere to put it.\n"));
    EXPECT_THAT(page(), HasSubstr("Who eats it. Required. Variable: \\fBTOAST_TOKEN\\fR.\n"));
}

TEST(man_page, names_the_groups_of_a_subcommands_options) {
    EXPECT_THAT(page(), HasSubstr(".PP\n\\fBTaste\\fR\n.TP\n\\fB\\-\\-shade\\fR \\fIlight|dark\\fR\n"));
}

TEST(man_page, says_once_what_every_subcommand_has) {
    const auto text = page();
    const auto first = text.find("\\fB\\-\\-help\\fR");
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(text.find("\\fB\\-\\-help\\fR", first + 1), std::string::npos);
}

TEST(man_page, lists_the_variables_with_the_flags_they_stand_for) {
    EXPECT_THAT(page(), HasSubstr("\\fBTOASTER_CONFIG\\fR\nRead where \\fB\\-\\-config\\fR is not given.\n"));
    EXPECT_THAT(page(),
                HasSubstr("\\fBTOAST_TOKEN\\fR\nRead where \\fB\\-\\-token\\fR is not given (toast).\n"));
}

TEST(man_page, lists_the_exit_codes) {
    EXPECT_THAT(page(), HasSubstr(".SH EXIT STATUS\n"
                                  ".TP\n\\fB0\\fR\ndone.\n"
                                  ".TP\n\\fB2\\fR\nburnt (smoke, ashes).\n"
                                  ".TP\n\\fB128+N\\fR\nended by signal N.\n"));
}

TEST(man_page, shows_examples_as_they_are_typed) {
    auto program = test::toaster();
    program.examples = {{"Two slices", "toaster toast \\\n    --shade dark"}};
    EXPECT_THAT(man_page(program, {.section = 8, .version = "1"}),
                HasSubstr(".SH EXAMPLES\n.PP\nTwo slices:\n.PP\n.RS 4\n.nf\n\\fBtoaster toast \\e\\fR\n"
                          "\\fB    \\-\\-shade dark\\fR\n.fi\n.RE\n"));
}

TEST(man_page, lists_the_files_used_by_default) {
    EXPECT_THAT(page(), HasSubstr(".SH FILES\n.TP\n\\fI/etc/toaster.conf\\fR\n"
                                  "Settings. See \\fB\\-\\-config\\fR.\n"));
}

TEST(man_page, points_to_its_relatives) {
    EXPECT_THAT(page(), HasSubstr(".SH SEE ALSO\n\\fBbread\\fR(1), \\fBbutter\\fR(1)\n"));
}

TEST(man_page, shows_text_as_it_stands) {
    EXPECT_THAT(page(), HasSubstr("\n\\&.Not a macro\n"));
    EXPECT_THAT(page(), HasSubstr("with \\efingers."));
    EXPECT_THAT(page(), HasSubstr("\\fBtoaster \\-h\\fR helps. It is...\n"));
}

TEST(man_page, has_no_section_without_content) {
    const options::command_description bare{.name = "bare", .summary = "is bare"};
    const auto text = man_page(bare, {.section = 1, .version = "1"});
    for (const auto* title :
         {"COMMANDS", "OPTIONS", "ENVIRONMENT", "EXIT STATUS", "EXAMPLES", "FILES", "SEE ALSO"})
        EXPECT_THAT(text, Not(HasSubstr(title)));
}

}  // namespace
}  // namespace nullworker::manual
