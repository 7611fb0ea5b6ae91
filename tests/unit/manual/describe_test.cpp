#include <nullworker/manual/describe.hpp>

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace nullworker::manual {
namespace {

using names = std::vector<std::string>;

class describe_test : public testing::Test {
protected:
    // The option that was added last.
    [[nodiscard]] option_description last() const { return describe(app).options.back(); }

    CLI::App app{"toaster toasts on one Vast.ai machine: bread\nand buns. It is hot.", "toaster"};
    std::string text;
    double number = 1.5;
    bool on = false;
};

TEST_F(describe_test, the_first_sentence_is_the_summary) {
    EXPECT_EQ(describe(app).summary, "toasts on one Vast.ai machine");
    EXPECT_EQ(describe(CLI::App("Make toast", "toast")).summary, "Make toast");
    EXPECT_EQ(describe(CLI::App("toast is\nbread. And hot.", "toast")).summary, "is bread");
}

TEST_F(describe_test, an_option_has_its_flags_default_and_variable) {
    app.add_option("-n,--number", number, "How many")
        ->envname("NUMBER")
        ->capture_default_str()
        ->group("Figures");
    EXPECT_EQ(last().flags, (names{"-n", "--number"}));
    EXPECT_EQ(last().value.name, "NUMBER");
    EXPECT_EQ(last().help, "How many");
    EXPECT_EQ(last().default_value, "1.5");
    EXPECT_EQ(last().environment, "NUMBER");
    EXPECT_EQ(last().group, "Figures");
    EXPECT_FALSE(last().required);
}

TEST_F(describe_test, what_stands_in_the_help_is_moved_to_its_place) {
    app.add_option("--a", text, "Port (0: any free one); required (Env:PORT_<N>)");
    EXPECT_EQ(last().help, "Port (0: any free one)");
    EXPECT_EQ(last().environment, "PORT_<N>");
    EXPECT_TRUE(last().required);
    app.add_option("--b", text, "Key (default: a random one)");
    EXPECT_EQ(last().help, "Key");
    EXPECT_EQ(last().default_value, "a random one");
}

TEST_F(describe_test, a_flag_is_a_switch) {
    app.add_flag("--on", on, "Switch it on");
    EXPECT_TRUE(last().is_switch());
    EXPECT_EQ(last().flags, names{"--on"});
}

TEST_F(describe_test, type_names_say_what_completes_a_value) {
    app.add_option("--file", text)->type_name("FILE");
    EXPECT_EQ(last().value.kind, value_kind::file);
    app.add_option("--dir", text)->type_name("DIR");
    EXPECT_EQ(last().value.kind, value_kind::directory);
    app.add_option("--existing", text)->check(CLI::ExistingFile);
    EXPECT_EQ(last().value.kind, value_kind::text);
    app.add_option("--text", text);
    EXPECT_EQ(last().value.kind, value_kind::text);
    EXPECT_TRUE(last().value.choices.empty());
}

TEST_F(describe_test, choices_are_read_from_type_names_and_validators) {
    app.add_option("--a", text)->type_name("signed|open");
    EXPECT_EQ(last().value.choices, (names{"signed", "open"}));
    EXPECT_EQ(last().value.name, "signed|open");
    app.add_option("--b", text)->check(CLI::IsMember({"on", "off"}));
    EXPECT_EQ(last().value.choices, (names{"on", "off"}));
    EXPECT_EQ(last().value.name, "TEXT");
    int level = 0;
    app.add_option("--c", level)
        ->transform(CLI::CheckedTransformer(std::map<std::string, int>{{"high", 2}, {"low", 1}}));
    EXPECT_EQ(last().value.choices, (names{"high", "low"}));
}

TEST_F(describe_test, positionals_and_subcommands_are_kept_apart) {
    auto* toast = app.add_subcommand("toast", "Make toast")->group("Commands");
    std::vector<std::string> slices;
    toast->add_option("SLICE", slices, "A slice")->required();
    toast->footer("It is hot.");
    const auto commands = describe(app).subcommands;
    ASSERT_EQ(commands.size(), 1u);
    EXPECT_EQ(commands[0].name, "toast");
    EXPECT_EQ(commands[0].group, "Commands");
    EXPECT_EQ(commands[0].footer, "It is hot.");
    ASSERT_EQ(commands[0].positionals.size(), 1u);
    EXPECT_EQ(commands[0].positionals[0].value.name, "SLICE");
    EXPECT_TRUE(commands[0].positionals[0].required);
    EXPECT_TRUE(commands[0].positionals[0].repeated);
}

TEST_F(describe_test, what_is_in_no_group_is_hidden) {
    app.add_option("--secret", text)->group("");
    app.add_subcommand("secret", "Not for you")->group("");
    EXPECT_EQ(last().flags, (names{"-h", "--help"}));
    EXPECT_TRUE(describe(app).subcommands.empty());
}

}  // namespace
}  // namespace nullworker::manual
