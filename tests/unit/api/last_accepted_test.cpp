#include <nullworker/api/last_accepted.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace nullworker::api {
namespace {

using memory = last_accepted<std::string>;

memory::pointer saying(const char* what) {
    return std::make_shared<const std::string>(what);
}

TEST(last_accepted, knows_nothing_at_first) {
    EXPECT_FALSE(memory().find("", 0));
}

TEST(last_accepted, knows_the_body_that_was_kept_byte_for_byte) {
    memory known;
    const auto meant = saying("message");
    known.keep("body", 7, meant);
    EXPECT_EQ(known.find("body", 7), meant);
    for (const auto* other : {"", "bod", "bodY", "body ", " body"})
        EXPECT_FALSE(known.find(other, 7)) << other;
}

TEST(last_accepted, means_nothing_under_another_generation) {
    memory known;
    known.keep("body", 7, saying("message"));
    EXPECT_FALSE(known.find("body", 6));
    EXPECT_FALSE(known.find("body", 8));
    EXPECT_FALSE(known.find("body", 0));
}

TEST(last_accepted, keeps_one) {
    memory known;
    known.keep("first", 7, saying("first"));
    known.keep("second", 7, saying("second"));
    EXPECT_FALSE(known.find("first", 7));
    EXPECT_EQ(*known.find("second", 7), "second");
}

TEST(last_accepted, a_body_that_is_too_long_pushes_nothing_out) {
    memory known;
    known.keep("body", 7, saying("message"));
    const std::string longer(16 * 1024 + 1, 'x');
    known.keep(longer, 7, saying("too long"));
    EXPECT_FALSE(known.find(longer, 7));
    EXPECT_TRUE(known.find("body", 7));
}

}  // namespace
}  // namespace nullworker::api
