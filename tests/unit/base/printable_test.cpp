#include <nullworker/base/printable.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace nullworker {
namespace {

TEST(printable, shows_plain_text_as_it_is) {
    for (const auto* text :
         {"", "two words", "päth → 東京 😀", "\"quotes\" = {}", "\u00a0\u061b\u2027\u202f\u2065"}) {
        EXPECT_EQ(printable(text), text);
        EXPECT_TRUE(is_printable(text)) << text;
    }
}

TEST(printable, does_not_copy_plain_text_that_is_moved_in) {
    std::string text(1000, 'x');
    const auto* const place = text.data();
    EXPECT_EQ(printable(std::move(text)).data(), place);
}

TEST(printable, escapes_what_would_act_on_a_terminal_or_break_a_line) {
    struct row {
        std::string_view text;
        const char* shown;
    };
    using namespace std::string_view_literals;
    const row table[] = {
        {"\x1b]0;pwned\x07", "\\u001b]0;pwned\\u0007"},
        {"a\0b"sv, "a\\u0000b"},
        {"two\nlines\r\n", "two\\nlines\\u000d\\n"},
        {"tab\tstop", "tab\\u0009stop"},
        {"\x7f", "\\u007f"},
        {"\u0080\u009b31m\u009f", "\\u0080\\u009b31m\\u009f"},
        {"\u061c", "\\u061c"},
        {"\u200e\u200f", "\\u200e\\u200f"},
        {"a\u2028b\u2029c", "a\\u2028b\\u2029c"},
        {"\u202a\u202b\u202c\u202d\u202e", "\\u202a\\u202b\\u202c\\u202d\\u202e"},
        {"\u2066\u2067\u2068\u2069", "\\u2066\\u2067\\u2068\\u2069"},
    };
    for (const auto& row : table) {
        EXPECT_EQ(printable(std::string(row.text)), row.shown);
        EXPECT_FALSE(is_printable(row.text)) << row.shown;
    }
}

TEST(printable, escapes_every_byte_that_is_not_utf_8) {
    const std::pair<const char*, const char*> table[] = {
        {"a\xff"
         "b",
         "a\\xffb"},
        {"\x9b"
         "31m",
         "\\x9b31m"},
        {"\xc0\xaf", "\\xc0\\xaf"},                    // a slash in too many bytes
        {"\xe0\x82\x9b", "\\xe0\\x82\\x9b"},           // U+009B in too many bytes
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // a surrogate
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // beyond U+10FFFF
        {"\xe2\x80", "\\xe2\\x80"},                    // cut off
        {"\xe2\x80x", "\\xe2\\x80x"},                  // and gone on with
        {"\xe2\x80\xe2\x80\xae", "\\xe2\\x80\\u202e"},
    };
    for (const auto& [text, shown] : table)
        EXPECT_EQ(printable(text), shown);
}

TEST(printable, nothing_can_be_taken_for_an_escape_that_is_none) {
    EXPECT_EQ(printable("\\u001b"), "\\\\u001b");
    EXPECT_EQ(printable("\\\x1b"), "\\\\\\u001b");
    EXPECT_EQ(printable("C:\\new"), "C:\\\\new");
}

void append_utf8(std::string& out, unsigned long point) {
    if (point < 0x80) {
        out += static_cast<char>(point);
    } else if (point < 0x800) {
        out += static_cast<char>(0xC0 | point >> 6);
        out += static_cast<char>(0x80 | (point & 0x3F));
    } else {
        out += static_cast<char>(0xE0 | point >> 12);
        out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (point & 0x3F));
    }
}

// What `shown` stands for.
std::string read_back(std::string_view shown) {
    std::string out;
    while (!shown.empty()) {
        const char kind = shown.front() == '\\' ? shown.at(1) : '\0';
        const std::size_t digits = kind == 'u' ? 4 : kind == 'x' ? 2 : 0;
        const auto number = std::strtoul(
            std::string(shown.substr(std::min(shown.size(), std::size_t{2}), digits)).c_str(), nullptr, 16);
        if (kind == 'u')
            append_utf8(out, number);
        else if (kind == 'x')
            out += static_cast<char>(number);
        else
            out += kind == 'n' ? '\n' : shown.front();
        shown.remove_prefix(kind == '\0' ? 1 : 2 + digits);
    }
    return out;
}

TEST(printable, whatever_comes_in_can_be_read_back_and_does_nothing) {
    const std::vector<std::string> pieces = {"a",        "\\",       "\\u",  "x1b",       "\n",     "\x1b",
                                             "\x7f",     "\xc2",     "\x9b", "\xe2",      "\x80",   "\xae",
                                             "\xf0\x9f", "\u202e",   "é",    "→",         "\u0085", "\u2028",
                                             " ",        "\xed\xa0", "\xff", "\U0001f600"};
    std::mt19937 random(13);
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        for (auto left = random() % 12; left > 0; --left)
            text += random() % 4 == 0 ? std::string(1, static_cast<char>(random() % 256))
                                      : pieces[random() % pieces.size()];
        const auto shown = printable(text);
        ASSERT_EQ(read_back(shown), text) << shown;
        std::string without_escapes = shown;
        std::erase(without_escapes, '\\');
        ASSERT_TRUE(is_printable(without_escapes)) << shown;
        ASSERT_EQ(is_printable(text), shown == text);
    }
}

TEST(json_text, is_ascii_that_means_the_same) {
    const std::pair<std::string, std::string> table[] = {
        {"", "\"\""},
        {"plain / text", "\"plain / text\""},
        {"say \"hi\" \\", "\"say \\\"hi\\\" \\\\\""},
        {"a\nb\x1b", "\"a\\u000ab\\u001b\""},
        {"\x7f\u00e4\u202e", "\"\\u007f\\u00e4\\u202e\""},
        {"\U0001F600", "\"\\ud83d\\ude00\""},
        {"\xff\xe2\x80", "\"\\ufffd\\ufffd\\ufffd\""},
    };
    for (const auto& [text, written] : table)
        EXPECT_EQ(json_text(text), written);
}

}  // namespace
}  // namespace nullworker
