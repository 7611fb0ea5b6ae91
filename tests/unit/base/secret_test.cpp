#include <nullworker/base/secret.hpp>

#include <gtest/gtest.h>

#include <string>

namespace nullworker {
namespace {

TEST(secret, is_the_same_only_when_every_byte_is) {
    EXPECT_TRUE(same_secret("", ""));
    EXPECT_TRUE(same_secret({}, ""));
    EXPECT_TRUE(same_secret("token", "token"));
    EXPECT_FALSE(same_secret("token", "tokeN"));
    EXPECT_FALSE(same_secret("token", "Token"));
    EXPECT_FALSE(same_secret("token", "toke"));
    EXPECT_FALSE(same_secret("token", ""));
}

TEST(secret, counts_every_bit_of_every_byte) {
    const std::string secret(40, '\x55');
    for (std::size_t byte = 0; byte < secret.size(); ++byte) {
        for (int bit = 0; bit < 8; ++bit) {
            auto other = secret;
            other[byte] = static_cast<char>(other[byte] ^ (1 << bit));
            EXPECT_FALSE(same_secret(secret, other)) << byte << ", bit " << bit;
        }
    }
    EXPECT_FALSE(same_secret(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

}  // namespace
}  // namespace nullworker
