#include <depth/place.hpp>
#include <nullworker/base/error.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace nullworker::client {
namespace {

constexpr const char* place_variable = "NULLWORKER_TEST_PLACE";

class place_test : public testing::Test {
protected:
    ~place_test() override { ::unsetenv(place_variable); }

    // A word that stands for the text.
    static std::string by_variable(const std::string& text) {
        ::setenv(place_variable, text.c_str(), 1);
        return std::string("env:") + place_variable;
    }
};

std::string refusal_of(const auto& read) {
    try {
        (void)read();
    } catch (const startup_error& e) {
        return e.what();
    }
    return "taken";
}

TEST_F(place_test, a_redis_has_host_port_user_password_and_database) {
    const auto all = read_redis_place(by_variable("rediss://bob:a%2Fb@Redis.example:7000/3\n"));
    EXPECT_EQ(all.server.host, "redis.example");
    EXPECT_EQ(all.server.port, 7000);
    EXPECT_EQ(all.server.by, net::security::tls);
    EXPECT_EQ(all.who.user, "bob");
    EXPECT_EQ(all.who.password, "a/b");
    EXPECT_EQ(all.database, 3);
    const auto least = read_redis_place("redis://[::1]");
    EXPECT_EQ(least.server.host, "::1");
    EXPECT_EQ(least.server.port, 6379);
    EXPECT_EQ(least.server.by, net::security::none);
    EXPECT_EQ(least.database, 0);
    EXPECT_EQ(read_redis_place("redis://h/").database, 0);
    EXPECT_EQ(read_redis_place("redis://h/1?db=2").database, 2);
    EXPECT_EQ(read_redis_place("redis://h:80").server.port, 80);
    EXPECT_EQ(read_redis_place(by_variable("redis://:pw@h")).who.user, "");
}

TEST_F(place_test, what_is_no_redis_is_refused) {
    for (const auto* wrong : {"h", "h:6379", "http://h", "redis:h", "redis://", "redis://h/x", "redis://h/-1",
                              "redis://h:0", "redis://h:x", "redis://bob@h", "redis://h/1#f", "unix:///a"})
        EXPECT_NE(refusal_of([&] { return read_redis_place(wrong); }), "taken") << wrong;
}

TEST_F(place_test, a_password_has_no_place_in_a_command_line) {
    for (const auto* location : {"redis://:s3cret@h", "redis://bob:s3cret@h/1", "redis://bob:s3cret@h/x"}) {
        const auto told = refusal_of([&] { return read_redis_place(location); });
        EXPECT_NE(told.find("env:NAME"), std::string::npos) << told;
        EXPECT_EQ(told.find("s3cret"), std::string::npos) << told;
    }
    EXPECT_NE(refusal_of([] { return read_http_place("http://bob:s3cret@h"); }), "taken");
    EXPECT_EQ(read_http_place("http://bob@h").who.user, "bob");
}

TEST_F(place_test, no_refusal_shows_what_a_variable_holds) {
    for (const auto* text :
         {"s3cret", "redis://bob:s3cret@h/x", "redis://bob:s3/cret@h", "http://:s3cret@h"}) {
        const auto told = refusal_of([&] { return read_redis_place(by_variable(text)); });
        EXPECT_NE(told.find(place_variable), std::string::npos) << told;
        EXPECT_EQ(told.find("s3"), std::string::npos) << told;
    }
    for (const auto* text : {"s3cret:x", "bob:s3cret@h"})
        EXPECT_EQ(refusal_of([&] { return read_host_and_port(by_variable(text), 1); }).find("s3cret"),
                  std::string::npos);
}

TEST_F(place_test, a_variable_that_is_not_set_is_named) {
    EXPECT_NE(refusal_of([] { return read_redis_place("env:NOT_SET_ANYWHERE"); }).find("NOT_SET_ANYWHERE"),
              std::string::npos);
    EXPECT_NE(refusal_of([] { return read_redis_place("env:"); }), "taken");
}

TEST_F(place_test, an_address_of_http_keeps_path_and_query) {
    const auto read = read_http_place(by_variable("https://bob:p%40w@h/base/?a=b"));
    EXPECT_EQ(read.base.text(), "https://h/base/?a=b");
    EXPECT_EQ(read.who.password, "p@w");
    EXPECT_EQ(read_http_place("http://h:8222/").base.text(), "http://h:8222/");
    EXPECT_EQ(read_http_place("http://h/base/").base.text(), "http://h/base/");
    for (const auto* wrong : {"h", "amqp://h", "http://", "http://h#f"})
        EXPECT_NE(refusal_of([&] { return read_http_place(wrong); }), "taken") << wrong;
}

TEST_F(place_test, several_addresses_stand_with_commas_between_them) {
    const auto all = read_http_places(by_variable("http://a:1, http://:pw@b:2"));
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].base.host, "a");
    EXPECT_EQ(all[1].who.password, "pw");
    EXPECT_NE(refusal_of([] { return read_http_places("http://a,"); }), "taken");
    EXPECT_NE(refusal_of([] { return read_http_places("http://a,http://:s3cret@b"); }), "taken");
}

TEST_F(place_test, a_host_and_a_port) {
    EXPECT_EQ(name_of(read_host_and_port("h:1", 11300)), "h:1");
    EXPECT_EQ(name_of(read_host_and_port("h", 11300)), "h:11300");
    EXPECT_EQ(name_of(read_host_and_port("[::1]", 11300)), "[::1]:11300");
    EXPECT_EQ(name_of(read_host_and_port("[::1]:5", 11300)), "[::1]:5");
    for (const auto* wrong : {"h:", "h:x", "h:0", "h:1/x", "h:1/", "a b", "::1", "http://h:1", "u@h:1", ":1"})
        EXPECT_NE(refusal_of([&] { return read_host_and_port(wrong, 1); }), "taken") << wrong;
}

TEST_F(place_test, a_name_is_one_segment_of_a_path) {
    EXPECT_EQ(path_segment("a/b c%?#&\xc3\xa4~"), "a%2Fb%20c%25%3F%23%26%C3%A4~");
}

}  // namespace
}  // namespace nullworker::client
