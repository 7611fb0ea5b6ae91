#include <nullworker/certificates/x509.hpp>
#include <nullworker/net/tls.hpp>

#include <gtest/gtest.h>

#include <string>

namespace nullworker::net {
namespace {

tls_context self_signed_for(const std::string& host) {
    const auto key = certificates::make_ec_key();
    return make_server_tls({certificates::make_self_signed(key, host), certificates::to_pem(key)},
                           "certificate", "key");
}

TEST(reason_for_distrust, names_a_certificate_for_somebody_else_and_one_that_nobody_vouches_for) {
    const auto by_address = self_signed_for("203.0.113.7");
    EXPECT_EQ(reason_for_distrust(by_address, "203.0.113.7"), "nobody but itself vouches for it");
    EXPECT_EQ(reason_for_distrust(by_address, "203.0.113.8"), "it is not for 203.0.113.8");
    const auto by_name = self_signed_for("worker.example");
    EXPECT_EQ(reason_for_distrust(by_name, "worker.example"), "nobody but itself vouches for it");
    EXPECT_EQ(reason_for_distrust(by_name, "203.0.113.8"), "it is not for 203.0.113.8");
    EXPECT_FALSE(has_expired(by_name));
}

}  // namespace
}  // namespace nullworker::net
