#include "support/test_key.hpp"

#include <nullworker/auth/gatekeeper.hpp>
#include <nullworker/auth/session_id.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace nullworker::auth {
namespace {

const std::string own_url = "http://203.0.113.7:40001";

class gatekeeper_test : public testing::Test {
protected:
    static wire::route_grant grant(const std::string& url, const std::string& signature) {
        return {.url = url, .signature = signature};
    }
    wire::route_grant signed_grant(const std::string& url) {
        return grant(url, key.sign(wire::signed_message(url)));
    }

    gatekeeper guard(create_policy policy = create_policy::signed_only, bool unsecured = false) {
        gatekeeper out(parse_url(own_url).value(), policy, unsecured);
        out.set_key(public_key::from_pem(key.public_pem()).value());
        return out;
    }

    test::test_key key;
};

TEST_F(gatekeeper_test, a_grant_signed_for_this_worker_is_verified) {
    EXPECT_EQ(guard().check_create(signed_grant(own_url)), grant_verdict::verified);
    EXPECT_EQ(guard().check_ping(signed_grant(own_url)), grant_verdict::verified);
}

TEST_F(gatekeeper_test, scheme_host_and_port_are_compared_not_their_spelling) {
    EXPECT_EQ(guard().check_create(signed_grant("HTTP://203.0.113.7:40001/")), grant_verdict::verified);
    for (const auto* other :
         {"https://203.0.113.7:40001", "http://203.0.113.8:40001", "http://203.0.113.7:40002", "nonsense"})
        EXPECT_EQ(guard().check_create(signed_grant(other)), grant_verdict::wrong_worker) << other;
}

TEST_F(gatekeeper_test, an_ipv6_address_is_compared_not_its_spelling) {
    gatekeeper own(parse_url("http://[2001:DB8::1]:40001").value(), create_policy::signed_only, false);
    own.set_key(public_key::from_pem(key.public_pem()).value());
    EXPECT_EQ(own.check_create(signed_grant("http://[2001:db8:0:0:0:0:0:1]:40001")), grant_verdict::verified);
    EXPECT_EQ(own.check_create(signed_grant("http://[2001:db8::2]:40001")), grant_verdict::wrong_worker);
}

TEST_F(gatekeeper_test, a_forged_grant_is_refused) {
    EXPECT_EQ(guard().check_create(grant(own_url, test::test_key().sign(wire::signed_message(own_url)))),
              grant_verdict::bad_signature);
    EXPECT_EQ(guard().check_create(grant(own_url, "")), grant_verdict::bad_signature);
    EXPECT_EQ(guard().check_ping(grant(own_url, "AAAA")), grant_verdict::bad_signature);
}

TEST_F(gatekeeper_test, a_verified_grant_is_verified_again_and_a_forged_one_is_not_for_that) {
    auto gate = guard();
    const auto good = signed_grant(own_url);
    auto forged = good;
    forged.signature[10] = forged.signature[10] == 'A' ? 'B' : 'A';
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(gate.check_ping(good), grant_verdict::verified);
        EXPECT_EQ(gate.check_ping(forged), grant_verdict::bad_signature);
        EXPECT_EQ(gate.check_create(good), grant_verdict::verified);
    }
    EXPECT_EQ(gate.bad_signatures(), 3u);
}

TEST_F(gatekeeper_test, a_remembered_signature_is_that_of_its_own_url_alone) {
    auto gate = guard();
    const auto own = signed_grant(own_url);
    ASSERT_EQ(gate.check_ping(own), grant_verdict::verified);
    EXPECT_EQ(gate.check_ping(grant("http://203.0.113.7:40001/", own.signature)),
              grant_verdict::bad_signature);
    EXPECT_EQ(gate.check_ping(grant("http://elsewhere:1", own.signature)), grant_verdict::bad_signature);
}

TEST_F(gatekeeper_test, a_grant_for_another_worker_is_refused_however_often_it_comes) {
    auto gate = guard();
    const auto elsewhere = signed_grant("http://203.0.113.8:40001");
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(gate.check_create(elsewhere), grant_verdict::wrong_worker);
}

TEST_F(gatekeeper_test, what_the_former_key_verified_is_forgotten_with_it) {
    auto gate = guard();
    const auto old = signed_grant(own_url);
    ASSERT_EQ(gate.check_create(old), grant_verdict::verified);
    const test::test_key next;
    ASSERT_TRUE(gate.set_key(public_key::from_pem(next.public_pem()).value()));
    EXPECT_EQ(gate.check_create(old), grant_verdict::bad_signature);
    EXPECT_EQ(gate.check_ping(old), grant_verdict::bad_signature);
    ASSERT_TRUE(gate.set_key(public_key::from_pem(key.public_pem()).value()));
    EXPECT_EQ(gate.check_create(old), grant_verdict::verified);
}

TEST_F(gatekeeper_test, nothing_can_be_verified_without_the_key) {
    gatekeeper keyless(parse_url(own_url).value(), create_policy::signed_only, false);
    EXPECT_EQ(keyless.check_create(signed_grant(own_url)), grant_verdict::no_key);
    EXPECT_EQ(keyless.check_ping(signed_grant(own_url)), grant_verdict::no_key);
}

TEST_F(gatekeeper_test, the_open_policy_admits_any_create_and_still_checks_pings) {
    auto open = guard(create_policy::open);
    EXPECT_EQ(open.check_create(grant("http://elsewhere:1", "x")), grant_verdict::tolerated);
    EXPECT_EQ(open.check_create(signed_grant("http://elsewhere:1")), grant_verdict::unchecked);
    EXPECT_EQ(open.check_create(signed_grant(own_url)), grant_verdict::verified);
    EXPECT_EQ(open.check_ping(grant(own_url, "x")), grant_verdict::bad_signature);
}

TEST_F(gatekeeper_test, unsecured_nothing_is_checked) {
    auto unsecured = guard(create_policy::signed_only, true);
    EXPECT_EQ(unsecured.check_create(grant("x", "")), grant_verdict::unchecked);
    EXPECT_EQ(unsecured.check_ping(grant("x", "")), grant_verdict::unchecked);
}

TEST(session_id, is_thirteen_letters_and_digits_and_never_the_same) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto id = make_session_id();
        EXPECT_EQ(id.size(), 13u);
        EXPECT_TRUE(std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) != 0; }))
            << id;
        seen.insert(id);
    }
    EXPECT_EQ(seen.size(), 1000u);
}

}  // namespace
}  // namespace nullworker::auth
