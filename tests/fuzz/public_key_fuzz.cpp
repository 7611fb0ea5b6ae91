#include "fuzz_target.hpp"

#include <nullworker/auth/public_key.hpp>
#include <nullworker/wire/route_grant.hpp>

#include <string>

// The autoscaler's key, and signatures: a PEM, a blank line, a signature. Without a blank line the whole is
// both.
namespace nullworker::fuzz {
namespace {

// The key of tests/data/signatures.json, and its first vector.
constexpr const char* recorded_key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvSAAEpLmNrJHWc1v7hwd\n"
    "pRE5uZbIzNfoPzPW4lFpC3rwUPs44Q+a+UPGhP9sYLzEkxCJzafvYpQFojZQfTFT\n"
    "N7MRRP0MnNNjlZ5axWgM0lulgxHg1ixG9kXs7RPqWpaLQ9/7Ik9BbTvvM81FSnPS\n"
    "BWoc3FrLAkkTjQFdaZZUxCh/5eikCmYw1/s19JA+BkKdxBSiqBAFdo8jU6rMQQnY\n"
    "MKuo2GMIU7AANJAGnBJCkmJbE8+o+UbiE4PPgmoEXZVknPyvSqihOymVHmp0qOJ8\n"
    "CRZUsqFIJLbqoeN9Wa4EIwf8Hj++Du/fSGAVo6N8FDlnPAd6G/YULv0aKLdH6/mP\n"
    "WQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
constexpr const char* recorded_url = "https://203.0.113.7:40001";
constexpr std::string_view recorded_signature =
    "Dkp25ByWD2R3WgaqZXpP8HeZ5JlYR0Wy+17KmE1hpKC2Ng20f3qQAk3EQ6ZnS3IewmQHF3uHwb5zRs6SXjJn3o"
    "wdbZkw+MJK9lUBlwmCnAJuBRwCyyosPF3n+4M9f9QI8FbIpAAlPkWGDZCBLI5m2BY2yB+k/pvK+LB5BbnQqOjh"
    "tSshup2O+Z4imcz9Zo4jpsct2hnQ2e4pR8Dus9QHkGBpp/5MW2V+lGElN2fRCupp7P3rrPlJpHPHdUrdTGXOgg"
    "54Vss854RG+fAK9NL4REgzYaIeMNmPTs/WGPbBwctOtekPUKB9BPNh/41SdoHBtWLOWROMQJqCl6T7W2ybqQ==";

const auth::public_key& known_key() {
    static const auto instance = auth::public_key::from_pem(recorded_key).value();
    return instance;
}

// Base64 of 256 bytes: the last digit before the padding has four bits that mean nothing. The decoder also
// passes over blanks at both ends.
bool is_recorded_signature(std::string_view text) {
    constexpr auto significant = recorded_signature.substr(0, recorded_signature.find('=') - 1);
    return text.find(significant) != text.npos;
}

}  // namespace

FUZZ_TARGET(public_key, 10) {
    const auto blank = input.find("\n\n");
    const auto pem = input.substr(0, blank);
    const auto signature = blank == input.npos ? input : input.substr(blank + 2);

    const auto message = wire::signed_message(recorded_url);
    require(known_key().verifies(message, recorded_signature), "the recorded signature verifies");
    require(!known_key().verifies(message, signature) || is_recorded_signature(signature), "no other does");
    require(!known_key().verifies(signature, recorded_signature), "nor does it for another message");

    const auto key = auth::public_key::from_pem(pem);
    if (!key)
        return require(key.error() == errc::invalid_public_key, "a failure says what it is");
    require(equals_itself(*key), "a key equals itself");
    require(*key == auth::public_key::from_pem(pem).value(), "a PEM is the same key twice");
    require(!key->verifies(message, ""), "nothing is no signature");
    (void)key->verifies(message, signature);
}

}  // namespace nullworker::fuzz
