#include <fleet/signing_key.hpp>
#include <nullworker/auth/public_key.hpp>
#include <nullworker/wire/route_grant.hpp>

#include <gtest/gtest.h>

namespace nullworker::fleet {
namespace {

TEST(signing_key_test, its_signatures_verify_with_the_public_half) {
    const auto key = signing_key::generate();
    const auto half = auth::public_key::from_pem(key.public_pem());
    ASSERT_TRUE(half);
    const std::string url = "http://127.0.0.1:41000";
    EXPECT_TRUE(half->verifies(wire::signed_message(url), key.sign_url(url)));
    EXPECT_FALSE(half->verifies(wire::signed_message(url + "1"), key.sign_url(url)));
}

TEST(signing_key_test, tokens_are_of_the_length_asked_for_and_differ) {
    EXPECT_EQ(random_token(16).size(), 32u);
    EXPECT_NE(random_token(16), random_token(16));
}

}  // namespace
}  // namespace nullworker::fleet
