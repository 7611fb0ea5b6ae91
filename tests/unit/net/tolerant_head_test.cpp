#include <nullworker/net/tolerant_head.hpp>

#include <gtest/gtest.h>

#include <string>

namespace nullworker::net {
namespace {

using head_is = tolerant_head::state;

// What becomes of an answer that comes byte by byte, and then ends.
std::pair<head_is, unsigned> read_slowly(const std::string& answer) {
    tolerant_head head;
    for (std::size_t size = 1; size <= answer.size(); ++size)
        if (head.read(std::string_view(answer).substr(0, size)) != head_is::incomplete)
            break;
    const auto state = head.end(answer);
    return {state, head.status()};
}

TEST(tolerant_head, reads_what_curl_reads) {
    for (const std::string answer : {
             "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
             "HTTP/1.1 200 OK\nContent-Length: 0\n\nbody",
             "HTTP/1.1 200\r\n\r\n",
             "HTTP/1.1 200 \r\n\r\n",
             "HTTP/1.0   200   Fine\r\n\r\n",
             "http/1.1 200 ok\r\n\r\n",
             "HTTP/1.1 200 OK\r\nno field\r\n: nor this\r\n folded\r\nA B: c\r\n\r\n",
             "\r\nHTTP/1.1 200 OK\r\n\r\n",
             "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
             "HTTP/1.1 200 OK\r\nServer: x",
             "HTTP/1.1 200 OK\r\n",
             "HTTP/1.1 200 OK",
             "HTTP/1.1 200",
         }) {
        const auto [state, status] = read_slowly(answer);
        EXPECT_EQ(state, head_is::complete) << answer;
        EXPECT_EQ(status, 200u) << answer;
    }
}

TEST(tolerant_head, takes_a_head_of_ten_kilobytes_and_not_one_without_end) {
    const std::string start = "HTTP/1.1 503 Not yet\r\nX: ";
    EXPECT_EQ(read_slowly(start + std::string(10000, 'x') + "\r\n\r\n"),
              (std::pair(head_is::complete, 503u)));
    tolerant_head endless;
    EXPECT_EQ(endless.read(start + std::string(200 * 1024, 'x')), head_is::too_large);
    std::string interim;
    for (int i = 0; i < 100; ++i)
        interim += "HTTP/1.1 100 Continue\r\n\r\n";
    EXPECT_EQ(read_slowly(interim).first, head_is::too_large);
}

TEST(tolerant_head, knows_at_once_what_is_no_answer) {
    for (const char* answer :
         {"SSH-2.0-OpenSSH_9.2\r\n", "\x15\x03\x01", "<html>", "HTTQ", "HTTP/1.1 OK\r\n", "HTTP/1.1 20\r\n",
          "HTTP/1.1 2000 x\r\n", "HTTP/1.1 099 x\r\n", "HTTP/ \r\n"}) {
        tolerant_head head;
        EXPECT_EQ(head.read(answer), head_is::not_http) << answer;
    }
    EXPECT_EQ(read_slowly("").first, head_is::incomplete);
    EXPECT_EQ(read_slowly("HTTP/1.1").first, head_is::not_http);
}

TEST(tolerant_head, tells_the_fields_and_the_length) {
    tolerant_head head;
    const std::string answer = "HTTP/1.1 302 Found\nLocation:  /login \nContent-Length: 12\n\nrest";
    EXPECT_EQ(head.read(answer), head_is::complete);
    EXPECT_EQ(head.fields().at(0), (std::pair<std::string, std::string>("Location", "/login")));
    EXPECT_EQ(head.length(), 12u);
    EXPECT_EQ(answer.substr(head.size()), "rest");
}

}  // namespace
}  // namespace nullworker::net
