#include <nullworker/certificates/x509.hpp>
#include <nullworker/net/tls.hpp>

#include <gtest/gtest.h>

#include <chrono>
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

TEST(chain_fault, names_why_clients_do_not_trust_who_vouches_for_a_certificate) {
    const auto key = certificates::make_ec_key();
    const auto pem = certificates::make_self_signed(key, "203.0.113.7");
    const auto server = make_server_tls({pem, certificates::to_pem(key)}, "certificate", "key");
    tls_trust knows(pem);
    const auto believer = knows.context();
    ASSERT_TRUE(believer.has_value());
    EXPECT_EQ(chain_fault(server, *believer), "");
    const auto other_key = certificates::make_ec_key();
    tls_trust knows_another(certificates::make_self_signed(other_key, "203.0.113.8"));
    const auto doubter = knows_another.context();
    ASSERT_TRUE(doubter.has_value());
    EXPECT_NE(chain_fault(server, *doubter), "");
}

TEST(end_of, tells_the_day_after_which_a_certificate_is_refused) {
    const auto left = end_of(self_signed_for("203.0.113.7")) - std::chrono::system_clock::now();
    EXPECT_GT(left, std::chrono::hours(24 * 20));
    EXPECT_LT(left, std::chrono::hours(24 * 40));
}

}  // namespace
}  // namespace nullworker::net
