#include <nullworker/auth/fingerprint.hpp>

#include <gtest/gtest.h>

namespace nullworker::auth {
namespace {

std::uint64_t of(const char* text) {
    return fingerprint(wire::json_value::parse(text).value());
}

TEST(a_fingerprint, is_the_same_for_equal_documents) {
    EXPECT_EQ(of(R"({"a":1,"b":[2]})"), of(R"({"b":[2.0],"a":1.0})"));
}

TEST(a_fingerprint, counts_every_part_of_a_document) {
    const auto known = of(R"({"url":"http://a","reqnum":1,"x":null})");
    for (const char* other :
         {R"({"url":"http://b","reqnum":1,"x":null})", R"({"url":"http://a","reqnum":2,"x":null})",
          R"({"url":"http://a","reqnum":1})", R"({"url":"http://a","reqnum":1,"x":""})"})
        EXPECT_NE(of(other), known) << other;
}

// Files of an older version keep their meaning.
TEST(a_fingerprint, stays_what_it_is) {
    EXPECT_EQ(wire::json_value::parse(R"({"a":1})").value().canonical(), "{\"1;a1;}");
    EXPECT_EQ(of(R"({"a":1})"), 5955055124495570525U);
}

}  // namespace
}  // namespace nullworker::auth
