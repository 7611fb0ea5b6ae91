#include <nullworker/consumer/probe_target.hpp>

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace nullworker::consumer {
namespace {

TEST(probe_target, what_is_written_is_what_is_asked) {
    for (const auto* text : {"http://127.0.0.1:8000/health", "tcp://127.0.0.1:6379", "tcp://[::1]:6379",
                             "tcp://localhost:80", "heartbeat:"}) {
        const auto target = parse_probe_target(text);
        ASSERT_TRUE(target) << text;
        EXPECT_EQ(shown(*target), text);
    }
}

TEST(probe_target, what_may_be_a_secret_is_not_shown) {
    const auto table = std::vector<std::pair<const char*, const char*>>{
        {"https://consumer.example/ready?token=SECRET", "https://consumer.example/ready"},
        {"exec:curl -H 'Authorization: Bearer SECRET' http://127.0.0.1/", "exec:…"},
        {"http://admin:SECRET@127.0.0.1:8000/health", "http://127.0.0.1:8000/health"},
        {"http://admin:SEC/RET@127.0.0.1:8000/?SECRET", "http://127.0.0.1:8000/"},
        {"http://admin:SEC?RET@127.0.0.1:8000/", "http://…"},
        {"http://127.0.0.1:8000/?token=SEC@RET", "http://…"},
        {"admin:SECRET@http://127.0.0.1", "http://127.0.0.1"},
        {"admin:SECRET@127.0.0.1:8000", "127.0.0.1:8000"},
        {"exec: ", "exec:…"},
        {"exec curl SECRET", "exec:…"},
        {"curl SECRET", "curl"},
        {"127.0.0.1:8000", "127.0.0.1:8000"},
        {"", ""},
    };
    for (const auto& [text, expected] : table)
        EXPECT_EQ(shown_probe(text), expected) << text;
}

TEST(probe_target, a_port_is_a_host_and_a_number) {
    const auto target = std::get<tcp_target>(parse_probe_target("tcp://[::1]:6379").value());
    EXPECT_EQ(target.host, "::1");
    EXPECT_EQ(target.port, 6379);
}

TEST(probe_target, what_makes_no_probe_is_refused) {
    for (const auto* text :
         {"", "8000", "ftp://127.0.0.1/", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:",
          "tcp://127.0.0.1:0", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:80/path", "tcp://[::1]", "tcp://:80",
          "exec:", "exec:  ", "http://", "heartbeat", "heartbeat:5", "heartbeat://", " heartbeat:"})
        EXPECT_FALSE(parse_probe_target(text)) << text;
}

}  // namespace
}  // namespace nullworker::consumer
