#include "support/temporary_directory.hpp"

#include <nullworker/base/descriptor.hpp>
#include <terminal/progress.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace nullworker::client {
namespace {

constexpr const char* hostile = "a\x1b]0;pwned\x07 \u009b2J \u202e \u2028 \xff\nz";
constexpr const char* harmless = "a\\u001b]0;pwned\\u0007 \\u009b2J \\u202e \\u2028 \\xff\\nz";

// What is written of whatever `tell` tells.
template <class Tell>
std::string told(progress::form shape, Tell tell) {
    const test::temporary_directory folder;
    const auto file = folder.write("out", "");
    std::FILE* out = std::fopen(file.c_str(), "w");
    {
        progress show(out, shape, 1);
        tell(show);
    }
    (void)std::fclose(out);
    return test::read_file(file);
}

void tell_everything(progress& show) {
    show.session(1, "routed", hostile);
    show.session(1, hostile, "");
    show.workers({{hostile, 1}});
    show.note(hostile);
}

TEST(progress, shows_what_peers_wrote_harmless) {
    const auto lines = told(progress::form::lines, tell_everything);
    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 4) << lines;
    std::size_t found = 0;
    for (auto at = lines.find(harmless); at != std::string::npos; at = lines.find(harmless, at + 1))
        ++found;
    EXPECT_EQ(found, 4u) << lines;
    for (const auto* part : {"\x1b", "\x07", "\u009b", "\u202e", "\u2028", "\xff"})
        EXPECT_EQ(lines.find(part), std::string::npos) << lines;
}

TEST(progress, writes_json_in_ascii_from_which_the_text_can_be_had) {
    const auto line =
        told(progress::form::json, [](progress& show) { show.note("a\x1b \x7f \u009b \u202e →"); });
    for (const unsigned char c : line)
        EXPECT_TRUE(c == '\n' || (c >= ' ' && c < 0x7F)) << line;
    EXPECT_EQ(nlohmann::json::parse(line)["text"], "a\x1b \x7f \u009b \u202e →");
}

// A reader that stalls: a run goes on, and so do its sessions.
TEST(progress, never_waits_for_whoever_reads_it) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const descriptor reader(ends[0]);
    std::FILE* out = ::fdopen(ends[1], "w");
    {
        progress show(out, progress::form::json, 1);
        for (int i = 0; i < 1000; ++i)  // far more than a pipe and the buffer hold
            show.note(std::string(1000, 'x'));
        std::string seen;
        char next = 0;
        while (!seen.ends_with("\"event\":\"missing\"") && ::read(reader.number(), &next, 1) == 1)
            seen += next;
        EXPECT_TRUE(seen.ends_with("\"missing\""));
    }
    (void)std::fclose(out);
}

}  // namespace
}  // namespace nullworker::client
