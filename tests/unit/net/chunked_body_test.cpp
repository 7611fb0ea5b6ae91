#include <nullworker/net/chunked_body.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace nullworker::net {
namespace {

using namespace std::string_literals;

constexpr std::size_t max_bytes = 100;
constexpr std::size_t max_extra_bytes = 50;

chunked_state state_of_body(const std::string& bytes) {
    chunked_body body(max_bytes, max_extra_bytes);
    body.read(bytes);
    return body.state();
}

TEST(chunked_body, puts_the_chunks_together) {
    const std::pair<const char*, std::string> table[] = {
        {"0\r\n\r\n", ""},
        {"000\r\n\r\n", ""},
        {"3\r\nabc\r\n0\r\n\r\n", "abc"},
        {"3\r\nabc\r\n02\r\nde\r\n0\r\n\r\n", "abcde"},
        {"a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
        {"C\r\n\r\n0\r\n\r\n\r\n\r\nx\r\n0\r\n\r\n", "\r\n0\r\n\r\n\r\n\r\nx"},
        {"3;x=y;\"z\"\r\nabc\r\n0;last\r\n\r\n", "abc"},
        {"3\r\nabc\r\n0\r\nContent-Length: 7\r\nHost: evil\r\n\r\n", "abc"},
    };
    for (const auto& [bytes, data] : table) {
        chunked_body body(max_bytes, max_extra_bytes);
        EXPECT_EQ(body.read(bytes), std::string(bytes).size()) << bytes;
        EXPECT_EQ(body.state(), chunked_state::complete) << bytes;
        EXPECT_EQ(body.data(), data) << bytes;
    }
}

TEST(chunked_body, refuses_every_other_framing) {
    for (const auto& bytes : {
             "\r\n"s,
             ";x\r\n"s,
             "x\r\n"s,
             "-1\r\n"s,
             "+1\r\n"s,
             "0x1\r\n"s,
             " 1\r\n"s,
             "1 \r\n"s,
             "1 ;x\r\n"s,
             "1\na"s,
             "1\r\r"s,
             "1\ra"s,
             "1;x\ny"s,
             "1;\0"s,
             "1\r\nab"s,
             "1\r\na\n"s,
             "1\r\na\rb"s,
             "1\r\na0"s,
             "0\r\n\n"s,
             "0\r\n\rx"s,
             "0\r\nNo colon\r\n"s,
             "0\r\n: empty\r\n"s,
             "0\r\n folded: x\r\n"s,
             "0\r\nA : b\r\n"s,
             "0\r\nA: b\n"s,
             "0\r\nA: \0"s,
             "fffffffffffffffff\r\n"s,
             "0000000000000001\r\n"s,
             "1;"s + std::string(max_extra_bytes + 1, 'x'),
             "0\r\nA: "s + std::string(max_extra_bytes, 'x'),
         })
        EXPECT_EQ(state_of_body(bytes), chunked_state::malformed) << bytes;
}

TEST(chunked_body, counts_extensions_over_all_chunks) {
    std::string bytes;
    for (std::size_t i = 0; i < max_extra_bytes / 5; ++i)
        bytes += "1;abcd\r\nx\r\n";
    EXPECT_EQ(state_of_body(bytes), chunked_state::incomplete);
    EXPECT_EQ(state_of_body(bytes + "1;"), chunked_state::malformed);
}

TEST(chunked_body, takes_as_much_data_as_is_allowed) {
    const std::string half(max_bytes / 2, 'x');
    EXPECT_EQ(state_of_body("32\r\n" + half + "\r\n32\r\n" + half + "\r\n0\r\n\r\n"),
              chunked_state::complete);
    EXPECT_EQ(state_of_body("32\r\n" + half + "\r\n33\r"), chunked_state::too_large);
    EXPECT_EQ(state_of_body("65\r"), chunked_state::too_large);
    EXPECT_EQ(state_of_body("fffffffffffffff\r"), chunked_state::too_large);
}

TEST(chunked_body, reads_the_same_byte_by_byte) {
    const auto bytes = "3;x\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\n"s;
    chunked_body body(max_bytes, max_extra_bytes);
    for (const char c : bytes) {
        EXPECT_EQ(body.state(), chunked_state::incomplete);
        EXPECT_EQ(body.read({&c, 1}), 1U);
    }
    EXPECT_EQ(body.state(), chunked_state::complete);
    EXPECT_EQ(body.data(), "abcde");
}

TEST(chunked_body, leaves_what_follows_alone) {
    chunked_body body(max_bytes, max_extra_bytes);
    EXPECT_EQ(body.read("1\r\na\r\n0\r\n\r\nGET /"), 11U);
    EXPECT_EQ(body.state(), chunked_state::complete);
}

}  // namespace
}  // namespace nullworker::net
