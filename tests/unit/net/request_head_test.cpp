#include <nullworker/net/request_head.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace nullworker::net {
namespace {

using namespace std::string_literals;

head_state state_of_head(const std::string& bytes) {
    head_reader reader;
    return reader.read(bytes);
}

// A whole head with a Host.
std::string get(const std::string& fields) {
    return "GET / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

request_head read(const std::string& bytes) {
    head_reader reader;
    EXPECT_EQ(reader.read(bytes), head_state::complete) << bytes;
    EXPECT_EQ(reader.size(), bytes.size()) << bytes;
    return reader.head();
}

TEST(request_head, understands_the_request_line) {
    struct row {
        const char* line;
        verb method;
        const char* path;
        const char* query;
    };
    const row table[] = {
        {"GET / HTTP/1.1", verb::get, "/", ""},
        {"POST /a/b?c=d?e HTTP/1.0", verb::post, "/a/b", "c=d?e"},
        {"get /%20? HTTP/1.1", verb::other, "/%20", ""},
        {"FROBNICATE //x HTTP/1.1", verb::other, "//x", ""},
        {"OPTIONS * HTTP/1.1", verb::other, "*", ""},
        {"CONNECT h:443 HTTP/1.1", verb::other, "h:443", ""},
        {"GET http://h:80/p?q HTTP/1.1", verb::get, "/p", "q"},
        {"GET HTTPS://h HTTP/1.1", verb::get, "/", ""},
        {"GET http://h?q HTTP/1.1", verb::get, "/", "q"},
    };
    for (const auto& row : table) {
        const auto head = read(row.line + "\r\nHost: h\r\n\r\n"s);
        EXPECT_EQ(head.message.method, row.method) << row.line;
        EXPECT_EQ(head.message.path, row.path) << row.line;
        EXPECT_EQ(head.message.query, row.query) << row.line;
    }
}

TEST(request_head, tells_the_version_and_the_authority_of_the_target) {
    const auto of = [](const char* line) { return read(line + "\r\nHost: h\r\n\r\n"s).message; };
    EXPECT_EQ(of("GET / HTTP/1.1").version, protocol_version::http_1_1);
    EXPECT_EQ(of("GET / HTTP/1.0").version, protocol_version::http_1_0);
    EXPECT_EQ(of("GET /http://h/ HTTP/1.1").authority, "");
    EXPECT_EQ(of("GET http://evil.example/release HTTP/1.1").authority, "evil.example");
    EXPECT_EQ(of("GET https://a@h:80?q HTTP/1.1").authority, "a@h:80");
}

TEST(request_head, keeps_the_fields_in_order) {
    const auto head = read(get("A:1\r\nb: \t two words \t\r\nA: \r\nUtf: \xc3\xa9\r\n"));
    const std::vector<header> expected = {
        {"Host", "h"}, {"A", "1"}, {"b", "two words"}, {"A", ""}, {"Utf", "\xc3\xa9"}};
    EXPECT_EQ(head.message.headers, expected);
}

TEST(request_head, says_how_the_connection_goes_on) {
    struct row {
        const char* version;
        const char* fields;
        bool keep_alive;
    };
    const row table[] = {
        {"1.1", "", true},
        {"1.1", "Connection: close\r\n", false},
        {"1.1", "Connection: keep-alive, x,CLOSE\r\n", false},
        {"1.1", "Connection: x\r\nconnection:close\r\n", false},
        {"1.1", "Connection: closed\r\n", true},
        {"1.1", "Connection: ,\r\n", true},
        {"1.0", "", false},
        {"1.0", "Connection: Keep-Alive\r\n", true},
        {"1.0", "Connection: keep-alive\r\nConnection: close\r\n", false},
    };
    for (const auto& row : table) {
        const auto head = read("GET / HTTP/"s + row.version + "\r\nHost: h\r\n" + row.fields + "\r\n");
        EXPECT_EQ(head.keep_alive, row.keep_alive) << row.version << row.fields;
    }
}

TEST(request_head, says_what_the_body_is) {
    EXPECT_EQ(read(get("")).content_length, 0U);
    EXPECT_EQ(read(get("Content-Length: 0012\r\n")).content_length, 12U);
    EXPECT_EQ(read(get("content-length:9999999999999999999\r\n")).content_length, 9999999999999999999U);
    EXPECT_FALSE(read(get("Content-Length: 1\r\n")).chunked);
    EXPECT_TRUE(read(get("transfer-encoding: Chunked\r\n")).chunked);
    EXPECT_TRUE(read("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n").wants_no_body);
    EXPECT_EQ(read("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n").message.method, verb::get);
}

TEST(request_head, expects_a_100_of_http_1_1_only) {
    EXPECT_TRUE(read(get("Expect: 100-Continue\r\n")).expects_continue);
    EXPECT_FALSE(read(get("")).expects_continue);
    EXPECT_FALSE(read("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expects_continue);
}

TEST(request_head, refuses_what_it_does_not_support) {
    EXPECT_EQ(state_of_head(get("Expect: miracles\r\n")), head_state::unsupported_expectation);
    EXPECT_EQ(state_of_head(get("Expect: 100-continue, x\r\n")), head_state::unsupported_expectation);
    EXPECT_EQ(state_of_head(get("Expect: x\r\nExpect: 100-continue\r\n")),
              head_state::unsupported_expectation);
    EXPECT_EQ(state_of_head("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), head_state::unsupported_version);
    for (const char* version : {"0.9", "1.2", "2.0", "3.0", "9.9"})
        EXPECT_EQ(state_of_head("GET / HTTP/"s + version + "\r\n"), head_state::unsupported_version)
            << version;
}

TEST(request_head, refuses_what_is_no_request_line) {
    for (const char* line : {
             "",
             " ",
             "GET",
             "GET /",
             "GET / ",
             "GET HTTP/1.1",
             "GET  HTTP/1.1",
             "GET  / HTTP/1.1",
             "GET /  HTTP/1.1",
             "GET / HTTP/1.1 ",
             " GET / HTTP/1.1",
             "GET /a b HTTP/1.1",
             "GET\t/ HTTP/1.1",
             "GET /\tHTTP/1.1",
             "G:T / HTTP/1.1",
             "GET / http/1.1",
             "GET / HTTP/1.",
             "GET / HTTP/11",
             "GET / HTTP/1.10",
             "GET / HTTP/01.1",
             "GET / HTTP/x.y",
             "GET / HTCPCP/1.0",
             "GET * HTTP/1.1",
             "GET foo HTTP/1.1",
             "GET h:80 HTTP/1.1",
             "GET ftp://h/ HTTP/1.1",
             "GET http:// HTTP/1.1",
             "GET http:///p HTTP/1.1",
             "GET /\xc3\xa9 HTTP/1.1",
             "GET /\x7f HTTP/1.1",
             "SSH-2.0-OpenSSH_9.2",
         })
        EXPECT_EQ(state_of_head(line + "\r\nHost: h\r\n\r\n"s), head_state::malformed) << line;
}

TEST(request_head, refuses_fields_that_readers_may_take_for_something_else) {
    for (const auto& fields : {
             "No colon\r\n"s,
             ": empty name\r\n"s,
             "Blank : before colon\r\n"s,
             "Tab\t: before colon\r\n"s,
             "Two words: x\r\n"s,
             " Leading: blank\r\n"s,
             "A: b\r\n folded\r\n"s,
             "A: b\r\n\tfolded\r\n"s,
             "A: b\r\n \r\n"s,
             "A: b\nC: d\r\n"s,
             "A: b\rC: d\r\n"s,
             "A: b\r\r\n"s,
             "A: b\n\n"s,
             "A: \0\r\n"s,
             "A\0: b\r\n"s,
             "A: \x01\r\n"s,
             "A: \x1b[1m\r\n"s,
             "A: \x7f\r\n"s,
             "Bad\x01Name: x\r\n"s,
             "Caf\xc3\xa9: x\r\n"s,
             "A(b): c\r\n"s,
             "Host: h\r\n"s,
             "host: other\r\n"s,
             "Content-Length: 1\r\nContent-Length: 1\r\n"s,
             "Content-Length: 1\r\ncontent-length: 2\r\n"s,
             "Content-Length: \r\n"s,
             "Content-Length: x\r\n"s,
             "Content-Length: -1\r\n"s,
             "Content-Length: +1\r\n"s,
             "Content-Length: 1.0\r\n"s,
             "Content-Length: 0x1\r\n"s,
             "Content-Length: 1, 1\r\n"s,
             "Content-Length: 1 1\r\n"s,
             "Content-Length: 1;\r\n"s,
             "Content-Length: 18446744073709551616\r\n"s,
             "Content-Length: 00000000000000000001\r\n"s,
             "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"s,
             "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"s,
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"s,
             "Transfer-Encoding: gzip, chunked\r\n"s,
             "Transfer-Encoding: chunked, chunked\r\n"s,
             "Transfer-Encoding: chunked, identity\r\n"s,
             "Transfer-Encoding: chunked;x=y\r\n"s,
             "Transfer-Encoding: identity\r\n"s,
             "Transfer-Encoding: xchunked\r\n"s,
             "Transfer-Encoding: chunke\r\n"s,
             "Transfer-Encoding: \"chunked\"\r\n"s,
             "Transfer-Encoding: \x0b"s + "chunked\r\n",
             "Transfer-Encoding: \xc2\xa0"s + "chunked\r\n",
             "Transfer-Encoding:\r\n"s,
             "Transfer-Encoding : chunked\r\n"s,
         })
        EXPECT_EQ(state_of_head(get(fields)), head_state::malformed) << fields;
}

TEST(request_head, wants_one_host) {
    EXPECT_EQ(state_of_head("GET / HTTP/1.1\r\n\r\n"), head_state::malformed);
    EXPECT_EQ(state_of_head("GET / HTTP/1.0\r\n\r\n"), head_state::complete);
    EXPECT_EQ(state_of_head("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), head_state::malformed);
    for (const char* host : {"", "h", "h:80", "[::1]:80", "127.0.0.1", "a-b_c.d"})
        EXPECT_EQ(state_of_head("GET / HTTP/1.1\r\nHost: "s + host + "\r\n\r\n"), head_state::complete)
            << host;
    for (const char* host : {"a b", "a, b", "a,b", "u@h", "h/p", "h?q", "h#f", "h\\p", "\xc3\xa9"})
        EXPECT_EQ(state_of_head("GET / HTTP/1.1\r\nHost: "s + host + "\r\n\r\n"), head_state::malformed)
            << host;
}

TEST(request_head, refuses_transfer_encoding_of_http_1_0) {
    EXPECT_EQ(state_of_head("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), head_state::malformed);
}

TEST(request_head, finds_a_fault_as_soon_as_it_is_here) {
    for (const auto& bytes : {"\x16\x03\x01"s, "\0"s, "\xff\xfe"s, "\n"s, "GET / HTTP/1.1\n"s, "G\r!"s,
                              "GET / HTTP/1.1\r\nA\n"s, "SSH-2.0-x\r\n"s, "\x05\x01"s})
        EXPECT_EQ(state_of_head(bytes), head_state::malformed) << bytes;
}

TEST(request_head, gives_the_same_verdict_however_the_bytes_come) {
    for (const auto& bytes : {get("A: b\r\nContent-Length: 3\r\n"), get("A: b\r\n c\r\n"), get("A : b\r\n"),
                              "GET / HTTP/2.0\r\n\r\n"s, get("Expect: x\r\n"), "GET / HTTP/1.1\r\n"s}) {
        head_reader slow;
        auto state = head_state::incomplete;
        for (std::size_t i = 0; i <= bytes.size(); ++i)
            state = slow.read(std::string_view(bytes).substr(0, i));
        EXPECT_EQ(state, state_of_head(bytes)) << bytes;
    }
}

TEST(request_head, leaves_what_follows_alone) {
    const auto head = get("Content-Length: 3\r\n");
    head_reader reader;
    EXPECT_EQ(reader.read(head + "\n\0\r"s), head_state::complete);
    EXPECT_EQ(reader.size(), head.size());
}

}  // namespace
}  // namespace nullworker::net
