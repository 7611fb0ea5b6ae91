#include "support/temporary_directory.hpp"
#include "support/test_key.hpp"

#include <nullworker/auth/public_key.hpp>
#include <nullworker/wire/route_grant.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace nullworker::auth {
namespace {

const test::test_key& key() {
    static const test::test_key instance;
    return instance;
}

public_key public_half(const test::test_key& pair) {
    return public_key::from_pem(pair.public_pem()).value();
}

TEST(public_key, judges_every_recorded_signature_rightly) {
    const auto recorded = nlohmann::json::parse(test::recorded("signatures.json"));
    const auto signer = public_key::from_pem(recorded["public_key_pem"].get<std::string>());
    ASSERT_TRUE(signer.has_value());
    for (const auto& vector : recorded["vectors"]) {
        const auto message = wire::signed_message(vector["url"].get<std::string>());
        EXPECT_EQ(signer->verifies(message, vector["signature"].get<std::string>()),
                  vector["valid"].get<bool>())
            << vector["url"];
    }
}

TEST(public_key, is_refused_where_it_is_none) {
    const auto pem = key().public_pem();
    const std::string table[] = {
        "",
        "not a key",
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        pem.substr(0, pem.size() / 2),
        "<html><body>502 Bad Gateway</body></html>",
        key().private_pem(),
        test::test_key(test::key_kind::ec_p256).public_pem(),
        test::test_key(test::key_kind::rsa_1024).public_pem(),
    };
    for (const auto& text : table) {
        const auto made = public_key::from_pem(text);
        ASSERT_FALSE(made.has_value()) << text;
        EXPECT_EQ(made.error(), errc::invalid_public_key) << text;
    }
}

TEST(public_key, accepts_its_own_signature_over_the_same_message_alone) {
    const auto signer = public_half(key());
    const auto signature = key().sign("message");
    EXPECT_TRUE(signer.verifies("message", signature));
    EXPECT_FALSE(signer.verifies("messagE", signature));
    EXPECT_FALSE(signer.verifies("", signature));
    EXPECT_FALSE(public_half(test::test_key()).verifies("message", signature));
}

TEST(public_key, refuses_a_malformed_signature) {
    const auto signer = public_half(key());
    const auto good = key().sign("message");
    auto flipped = good;
    flipped[10] = flipped[10] == 'A' ? 'B' : 'A';
    const std::string table[] = {
        "",
        "A",
        "====",
        "    ",
        "AAAA",
        "not base64!!",
        "\xff\xff\xff\xff",
        std::string("AA\0A", 4),
        flipped,
        good.substr(0, good.size() - 4),
        good.substr(0, good.size() - 1),
        good + "AAAA",
        good + good,
        good + "\n",
        std::string(8192, 'A'),
    };
    for (const auto& signature : table)
        EXPECT_FALSE(signer.verifies("message", signature)) << signature;
}

TEST(public_key, makes_one_digest_for_the_same_key_message_and_signature_alone) {
    const auto one = public_half(key());
    const auto digest = one.digest("message", "signature");
    EXPECT_EQ(public_half(key()).digest("message", "signature"), digest);
    EXPECT_NE(one.digest("messages", "ignature"), digest);
    EXPECT_NE(one.digest("", "messagesignature"), digest);
    EXPECT_NE(one.digest("message", "signaturE"), digest);
    EXPECT_NE(public_half(test::test_key()).digest("message", "signature"), digest);
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
    return text;
}

TEST(public_key, is_the_same_in_every_form_that_pem_allows) {
    const auto pem = key().public_pem();
    const auto first = pem.find('\n') + 1;
    const auto last = pem.rfind("\n-----");
    const auto digits = replaced(pem.substr(first, last - first), "\n", "");
    const std::string table[] = {
        replaced(pem, "\n", "\r\n"),
        "a remark before it\n" + pem + "and one behind it\n",
        pem + pem,
        pem.substr(0, pem.size() - 1),
        pem.substr(0, first) + digits.substr(0, 60) + "\n" + digits.substr(60, 4) + "\n" + digits.substr(64) +
            pem.substr(last),
    };
    for (const auto& text : table) {
        const auto made = public_key::from_pem(text);
        ASSERT_TRUE(made.has_value()) << text;
        EXPECT_EQ(*made, public_half(key())) << text;
        EXPECT_TRUE(made->verifies("message", key().sign("message"))) << text;
    }
}

TEST(public_key, is_refused_where_a_bit_of_its_frame_is_another) {
    const auto pem = key().public_pem();
    const auto first = pem.find('\n') + 1;
    // The first 32 bytes: lengths, the name of the algorithm, and where the modulus begins.
    for (std::size_t place = 0; place < 43; ++place) {
        auto other = pem;
        other[first + place] = other[first + place] == 'A' ? 'f' : 'A';
        EXPECT_FALSE(public_key::from_pem(other).has_value()) << place;
    }
}

TEST(public_key, equals_another_reading_of_the_same_key) {
    EXPECT_EQ(public_half(key()), public_half(key()));
    EXPECT_FALSE(public_half(key()) == public_half(test::test_key()));
}

}  // namespace
}  // namespace nullworker::auth
