#include <nullworker/net/loopback_place.hpp>

#include <gtest/gtest.h>

#include <string>

namespace nullworker::net {
namespace {

TEST(loopback_place, is_a_loopback_address_and_a_port) {
    struct row {
        const char* text;
        const char* address;
        unsigned port;
    };
    const row table[] = {
        {"127.0.0.1:8090", "127.0.0.1", 8090},
        {"127.9.9.9:1", "127.9.9.9", 1},
        {"localhost:65535", "127.0.0.1", 65535},
        {"[::1]:8090", "::1", 8090},
        {"[::ffff:127.0.0.1]:8090", "::ffff:127.0.0.1", 8090},
        {"127.0.0.1:0", "127.0.0.1", 0},
    };
    for (const auto& row : table) {
        const auto place = parse_loopback_place(row.text);
        ASSERT_TRUE(place) << row.text;
        EXPECT_EQ(place->address().to_string(), row.address);
        EXPECT_EQ(place->port(), row.port);
        EXPECT_EQ(refuse_other_than_loopback(row.text), std::nullopt) << row.text;
    }
}

TEST(loopback_place, is_nothing_that_others_can_reach_and_the_refusal_says_so) {
    for (const char* text : {"0.0.0.0:8090", "192.168.1.1:8090", "[::]:8090", "[2001:db8::1]:8090"}) {
        EXPECT_FALSE(parse_loopback_place(text)) << text;
        EXPECT_NE(refuse_other_than_loopback(text).value_or("").find("this machine alone"), std::string::npos)
            << text;
    }
}

TEST(loopback_place, is_no_other_text_and_no_name_is_looked_up) {
    for (const char* text :
         {"", ":", ":8090", "8090", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:-1",
          "127.0.0.1:65536", "127.0.0.1: 8090", "127.0.0.1:8090/", "::1:8090", "[127.0.0.1]:8090",
          "[::1]8090", "[::1", "example.com:8090", "localhost.example.com:8090", "http://127.0.0.1:8090"}) {
        EXPECT_FALSE(parse_loopback_place(text)) << text;
        EXPECT_NE(refuse_other_than_loopback(text).value_or("").find("127.0.0.1:8090"), std::string::npos)
            << text;
    }
}

}  // namespace
}  // namespace nullworker::net
