#include "support/program.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

// The manual pages and completions that the build wrote, in the hands of the programs that read them.
namespace nullworker::test {
namespace {

const std::string share = NULLWORKER_SHARE;
const std::vector<std::string> pages = {share + "/man/man1/nullworker.1", share + "/man/man8/nullworkerd.8"};

bool installed(const std::string& name) {
    program search({"/bin/sh", "-c", "command -v \"$0\"", name});
    return search.wait() == 0;
}

// What bash offers at the end of the command line `words`.
std::string offered(std::vector<std::string> words) {
    const std::string script = share + "/bash-completion/completions/" + words.front();
    words.insert(words.begin(), {"/usr/bin/env", "bash", "-c",
                                 "source \"$0\" && COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1)) && \"_$1\" && "
                                 "echo \"${COMPREPLY[@]}\"",
                                 script});
    program bash(words);
    EXPECT_EQ(bash.wait(), 0) << bash.err();
    EXPECT_EQ(bash.err(), "");
    return bash.out();
}

// Runs a program that has nothing to say of a file in which nothing is wrong.
void expect_clean(const std::vector<std::string>& command, const char* locale = "C.UTF-8") {
    program check(command, {{"LC_ALL", locale}, {"MANPAGER", "true"}});
    EXPECT_EQ(check.wait(), 0) << command.back();
    EXPECT_EQ(check.err(), "") << command.back();
}

TEST(manual, bash_completes_subcommands_flags_and_values) {
    if (!installed("bash"))
        GTEST_SKIP() << "no bash here";
    EXPECT_EQ(offered({"nullworker", "ho"}), "hold\n");
    EXPECT_EQ(offered({"nullworker", "demo", "--cou"}), "--count\n");
    EXPECT_EQ(offered({"nullworker", "demo", "--instance", "a"}), "alpha\n");
    EXPECT_EQ(offered({"nullworker", "demo", "--instance", "=", "a"}), "alpha\n");
    EXPECT_EQ(offered({"nullworker", "demo", "--count", ""}), "\n");
    EXPECT_EQ(offered({"nullworkerd", "--create-auth", ""}), "signed open\n");
    EXPECT_EQ(offered({"nullworkerd", "--log-level", "=", "d"}), "debug\n");
}

TEST(manual, bash_completes_files_and_other_commands) {
    if (!installed("bash"))
        GTEST_SKIP() << "no bash here";
    EXPECT_EQ(offered({"nullworkerd", "--config", share + "/man/man1/null"}), pages[0] + "\n");
    EXPECT_EQ(offered({"nullworkerd", "--state-dir", share + "/zs"}), share + "/zsh\n");
    EXPECT_EQ(offered({"nullworker", "hold", "--", "cat", share + "/man/man1/null"}), pages[0] + "\n");
    EXPECT_EQ(offered({"nullworker", "demo", "--", "cat", ""}), "\n");
}

TEST(manual, groff_finds_nothing_wrong_with_the_pages) {
    if (!installed("groff"))
        GTEST_SKIP() << "no groff here";
    for (const auto& page : pages)
        expect_clean({"/usr/bin/env", "groff", "-man", "-ww", "-z", page});
}

TEST(manual, man_finds_nothing_wrong_with_the_pages) {
    if (!installed("man") || !installed("groff"))
        GTEST_SKIP() << "no man here";
    for (const auto& page : pages)
        expect_clean({"/usr/bin/env", "man", "--warnings", "-E", "UTF-8", "-l", page});
}

TEST(manual, man_shows_the_whole_of_the_pages_in_ascii_and_there_are_examples) {
    if (!installed("man") || !installed("groff"))
        GTEST_SKIP() << "no man here";
    for (const auto& page : pages) {
        expect_clean({"/usr/bin/env", "man", "--warnings", "-l", page}, "C");
        program shown({"/usr/bin/env", "man", "-l", page}, {{"LC_ALL", "C"}, {"MANPAGER", "cat"}});
        EXPECT_EQ(shown.wait(), 0);
        EXPECT_TRUE(contains(shown.out(), "EXAMPLES")) << page;
    }
}

TEST(manual, zsh_can_read_its_completions) {
    if (!installed("zsh"))
        GTEST_SKIP() << "no zsh here";
    for (const auto* name : {"/_nullworker", "/_nullworkerd"})
        expect_clean({"/usr/bin/env", "zsh", "-n", share + "/zsh/site-functions" + name});
}

}  // namespace
}  // namespace nullworker::test
