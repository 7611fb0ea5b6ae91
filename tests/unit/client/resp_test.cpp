#include <depth/resp.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nullworker::client {
namespace {

using kind = resp_value::kind;

// The replies in `bytes`, which come in pieces of `size`.
std::vector<resp_value> read(const std::string& bytes, std::size_t size) {
    resp_reader reader;
    std::vector<resp_value> out;
    for (std::size_t at = 0; at < bytes.size(); at += size)
        reader.feed(bytes.substr(at, size));
    while (auto one = reader.next())
        out.push_back(std::move(*one));
    EXPECT_FALSE(reader.has_failed());
    return out;
}

bool fails(const std::string& bytes) {
    resp_reader reader;
    reader.feed(bytes);
    return reader.has_failed();
}

TEST(resp, a_command_is_a_list_of_texts_that_may_hold_any_byte) {
    EXPECT_EQ(resp_command({"LLEN", "a\r\nb"}), "*2\r\n$4\r\nLLEN\r\n$4\r\na\r\nb\r\n");
}

TEST(resp, replies_of_every_type_are_read_whole_and_in_pieces) {
    const std::string bytes =
        "+OK\r\n-ERR no\r\n:-7\r\n$4\r\na\r\nb\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
        "*2\r\n:1\r\n*1\r\n+in\r\n";
    for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{3}, bytes.size()}) {
        const auto all = read(bytes, size);
        ASSERT_EQ(all.size(), 9U) << size;
        EXPECT_EQ(all[0].text, "OK");
        EXPECT_EQ(all[1].is, kind::error);
        EXPECT_EQ(all[1].text, "ERR no");
        EXPECT_EQ(all[2].number, -7);
        EXPECT_EQ(all[3].text, "a\r\nb");
        EXPECT_EQ(all[4].is, kind::text);
        EXPECT_EQ(all[5].is, kind::null);
        EXPECT_EQ(all[6].is, kind::null);
        EXPECT_EQ(all[7].is, kind::list);
        ASSERT_EQ(all[8].items.size(), 2U);
        EXPECT_EQ(all[8].items[1].items.at(0).text, "in");
    }
}

TEST(resp, a_reply_that_is_not_whole_is_none_yet) {
    for (const auto* begun : {"", ":1", ":1\r", "$3\r\nab", "$2\r\nab\r", "*2\r\n:1\r\n"})
        EXPECT_TRUE(read(begun, 100).empty()) << begun;
}

TEST(resp, what_is_no_resp_is_refused) {
    for (const auto* wrong : {"HTTP/1.1 400 Bad Request\r\n", "\r\n", ":x\r\n", ":\r\n", "$-2\r\n", "*-2\r\n",
                              "$1\r\nabc", "$ 1\r\n", "%1\r\n", ":99999999999999999999\r\n"})
        EXPECT_TRUE(fails(wrong)) << wrong;
}

TEST(resp, what_goes_beyond_the_bounds_is_refused_before_it_has_come) {
    EXPECT_TRUE(fails("$99999999999\r\n"));
    EXPECT_TRUE(fails("*99999999999\r\n"));
    EXPECT_TRUE(fails(std::string(resp_reader::longest_line + 10, '+')));
    std::string deep;
    for (std::size_t i = 0; i <= resp_reader::most_depth; ++i)
        deep += "*1\r\n";
    EXPECT_TRUE(fails(deep));
    std::string many;
    for (std::size_t i = 0; i <= resp_reader::most_values; ++i)
        many += ":1\r\n";
    EXPECT_TRUE(fails(many));
    EXPECT_TRUE(fails(std::string(resp_reader::most_bytes + 1, '\0')));
}

}  // namespace
}  // namespace nullworker::client
