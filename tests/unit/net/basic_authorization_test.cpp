#include <nullworker/net/basic_authorization.hpp>

#include <gtest/gtest.h>

namespace nullworker::net {
namespace {

TEST(basic_authorization, is_user_and_password_in_base64) {
    EXPECT_EQ(basic_authorization("Aladdin", "open sesame"),
              (header{"Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}));
    EXPECT_EQ(basic_authorization("", "").second, "Basic Og==");
    EXPECT_EQ(basic_authorization("a", "").second, "Basic YTo=");
}

}  // namespace
}  // namespace nullworker::net
