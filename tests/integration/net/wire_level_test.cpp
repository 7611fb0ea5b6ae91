// What the server makes of requests byte by byte: who may be in front of it or behind it must not be able to
// see another request in the same bytes. What the reader of heads alone decides is in its unit test.

#include "support/raw_connection.hpp"
#include "support/served.hpp"

#include <nullworker/net/http_server.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace nullworker::net {
namespace {

using namespace std::string_literals;
using asio::awaitable;
using test::get;
using test::post;
using test::served;
using statuses = std::vector<int>;

const std::string host = "Host: h\r\n";
const std::string chunked_head = "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

// Of all replies in `received`.
statuses statuses_in(const std::string& received) {
    const std::string mark = "HTTP/1.1 ";
    statuses out;
    for (auto at = received.find(mark); at != std::string::npos; at = received.find(mark, at + 1))
        out.push_back(std::stoi(received.substr(at + mark.size())));
    return out;
}

// What comes back for `bytes` where nothing follows them.
std::string replies_to(const std::string& bytes) {
    std::string answer;
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(bytes);
        peer.finish_sending();
        answer = co_await peer.read_until_closed();
    });
    return answer;
}

TEST(wire_level, refuses_at_once_and_closes) {
    const auto field = [](const std::string& fields) {
        return "POST / HTTP/1.1\r\n" + host + fields + "\r\n";
    };
    const std::pair<std::string, int> table[] = {
        // lines
        {"GET / HTTP/1.1\n" + host + "\n", 400},
        {"GET / HTTP/1.1\r" + host + "\r\r", 400},
        {"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", 400},
        {"\r\nGET / HTTP/1.1\r\n" + host + "\r\n", 400},
        {field("A: b\r\n folded\r\n"), 400},
        {field("A: b\r\n\tContent-Length: 5\r\n"), 400},
        {"GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
        // fields
        {field("Content-Length : 5\r\n"), 400},
        {field("Transfer-Encoding : chunked\r\n"), 400},
        {field(": x\r\n"), 400},
        {field("No colon\r\n"), 400},
        {field("A: \0\r\n"s), 400},
        {field("A\0: b\r\n"s), 400},
        {field("A: \x1b\r\n"), 400},
        // length and coding
        {field("Content-Length: 5\r\nContent-Length: 5\r\n") + "hello", 400},
        {field("Content-Length: 5\r\nContent-Length: 0\r\n") + "hello", 400},
        {field("Content-Length: 5, 5\r\n") + "hello", 400},
        {field("Content-Length: +5\r\n") + "hello", 400},
        {field("Content-Length: -5\r\n") + "hello", 400},
        {field("Content-Length: 0x5\r\n") + "hello", 400},
        {field("Content-Length: 5 \t5\r\n") + "hello", 400},
        {field("Content-Length: 99999999999999999999\r\n"), 400},
        {field("Content-Length: 9999999999999999999\r\n"), 413},
        {field("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400},
        {field("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + "0\r\n\r\n", 400},
        {field("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n") + "0\r\n\r\n", 400},
        {field("Transfer-Encoding: gzip, chunked\r\n") + "0\r\n\r\n", 400},
        {field("Transfer-Encoding: identity\r\n"), 400},
        {field("Transfer-Encoding: x\r\n"), 400},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        // host
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {field(host), 400},
        {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
        // version
        {"GET / HTTP/2.0\r\n" + host + "\r\n", 505},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"GET / HTTP/1.2\r\n" + host + "\r\n", 505},
        {"GET / HTTP/1.1x\r\n" + host + "\r\n", 400},
        {"GET /\r\n", 400},
        // other protocols, before they have said much
        {"\x16\x03\x01\x02", 400},
        {"\x80\x2e\x01\x03\x01", 400},
        {"SSH-2.0-OpenSSH_9.2\r\n", 400},
        {"\x05\x01\0"s, 400},
        {"\0\0\0\0"s, 400},
        {"\xef\xbb\xbfGET / HTTP/1.1\r\n", 400},
        // expectations
        {field("Expect: miracles\r\n"), 417},
        // size
        {field("A: " + std::string(9000, 'x') + "\r\n"), 431},
        {"GET /" + std::string(9000, 'x'), 431},
        // chunks
        {chunked_head + "5\nhello\n0\n\n", 400},
        {chunked_head + "5\r\nhello\n", 400},
        {chunked_head + "5\r\nhello0\r\n\r\n", 400},
        {chunked_head + "-5\r\n", 400},
        {chunked_head + "0x5\r\n", 400},
        {chunked_head + "5 \r\nhello\r\n", 400},
        {chunked_head + "\r\n", 400},
        {chunked_head + "fffffffffffffffffffff\r\n", 400},
        {chunked_head + "10001\r\n", 413},
        {chunked_head + "5;" + std::string(1024 * 1024, 'x'), 400},
        {chunked_head + "0\r\nX: " + std::string(1024 * 1024, 'x'), 400},
        {chunked_head + "0\r\n folded\r\n\r\n", 400},
    };
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        for (const auto& [bytes, status] : table) {
            auto peer = co_await under_test.connect();
            co_await peer.send(bytes);
            const auto answer = co_await peer.read_message();
            EXPECT_EQ(answer.status(), status) << bytes.substr(0, 200);
            EXPECT_EQ(answer.find("Connection"), "close") << bytes.substr(0, 200);
            peer.finish_sending();
            EXPECT_EQ(co_await peer.read_until_closed(), "") << bytes.substr(0, 200);
        }
    });
}

TEST(wire_level, sees_the_requests_that_are_there_and_no_other) {
    const auto next = get("/next");
    const std::pair<std::string, statuses> table[] = {
        {next, {200}},
        {next + next, {200, 200}},
        {post("abc") + next, {200, 200}},
        {post(next) + next, {200, 200}},
        {chunked_head + "5\r\nhello\r\n0\r\n\r\n" + next, {200, 200}},
        {chunked_head + "0\r\nContent-Length: 9999\r\nConnection: close\r\n\r\n" + next, {200, 200}},
        {"GET /b HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\nabc" + next, {200, 200}},
        {"OPTIONS * HTTP/1.1\r\n" + host + "\r\n" + next, {200, 200}},
        {"OPTIONS / HTTP/1.1\r\n" + host + "\r\n" + next, {200, 200}},
        {"CONNECT h:443 HTTP/1.1\r\n" + host + "\r\n" + next, {200, 200}},
        {"GET http://elsewhere/ HTTP/1.1\r\n" + host + "\r\n" + next, {200, 200}},
        {"GET / HTTP/1.0\r\n\r\n" + next, {200}},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + next, {200, 200}},
        {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", {200}},
        {get("/", "Connection: close\r\n") + next, {200}},
        // nothing after a fault
        {next + "GARBAGE\r\n\r\n" + next, {200, 400}},
        {next + "\n" + next, {200, 400}},
        {post("abc") + "def " + next, {200, 400}},
        {"POST / HTTP/1.1\r\n" + host + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n" + next,
         {400}},
        {chunked_head + "5\r\nhello\r\n0\r\n\r\n\r\n" + next, {200, 400}},
        // nothing for what is not complete
        {next + "GET / HTTP/1.1\r\nHost", {200}},
        {chunked_head + "5\r\nhel", {}},
    };
    for (const auto& [bytes, expected] : table) {
        const auto answer = replies_to(bytes);
        EXPECT_EQ(statuses_in(answer), expected) << bytes << "\ngot " << answer;
    }
}

TEST(wire_level, hands_on_an_absolute_target_as_its_path) {
    const auto answer = replies_to("GET http://h:80/p?q HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(answer.ends_with("GET /p|q|")) << answer;
}

TEST(wire_level, says_that_it_keeps_an_http_1_0_connection) {
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        const auto kept = co_await peer.read_message();
        EXPECT_EQ(kept.find("Connection"), "keep-alive");
        co_await peer.send("GET / HTTP/1.0\r\n\r\n");
        const auto closed = co_await peer.read_message();
        EXPECT_EQ(closed.find("Connection"), "close");
        EXPECT_EQ(co_await peer.read_until_closed(), "");
    });
}

TEST(wire_level, asks_for_no_body_that_is_on_its_way) {
    const auto answer =
        replies_to("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc");
    EXPECT_EQ(statuses_in(answer), statuses{200});
}

TEST(wire_level, keeps_trailers_from_the_handler) {
    std::vector<header> seen;
    served under_test([&](request incoming) -> awaitable<reaction> {
        seen = incoming.headers;
        co_return empty_reply(204);
    });
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(chunked_head + "1\r\nx\r\n0\r\nHost: evil\r\nX-Trailer: y\r\n\r\n");
        co_await peer.read_message();
    });
    const std::vector<header> expected = {{"Host", "h"}, {"Transfer-Encoding", "chunked"}};
    EXPECT_EQ(seen, expected);
}

TEST(wire_level, takes_a_head_at_the_limit_and_refuses_a_larger_one) {
    const auto head_of = [](std::size_t size) {
        return get("/", "X: " + std::string(size - get("/", "X: \r\n").size(), 'x') + "\r\n");
    };
    EXPECT_EQ(statuses_in(replies_to(head_of(8 * 1024))), statuses{200});
    EXPECT_EQ(statuses_in(replies_to(head_of(8 * 1024 + 1))), statuses{431});
    EXPECT_EQ(statuses_in(replies_to(post("abc") + head_of(8 * 1024) + get("/"))), (statuses{200, 200, 200}));
}

TEST(wire_level, reads_the_same_byte_by_byte) {
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        for (const auto& bytes : {post("abc"), chunked_head + "3;x\r\nabc\r\n0\r\nA: b\r\n\r\n"}) {
            for (const char byte : bytes)
                co_await peer.send(std::string(1, byte));
            const auto answer = co_await peer.read_message();
            EXPECT_TRUE(answer.body.ends_with("||abc")) << answer.body;
        }
    });
}

}  // namespace
}  // namespace nullworker::net
