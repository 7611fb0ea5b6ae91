#include "support/test_key.hpp"

#include "support/openssl.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <vector>

namespace nullworker::test {
namespace {

EVP_PKEY* generate(key_kind kind) {
    switch (kind) {
        case key_kind::rsa_1024:
            return EVP_RSA_gen(1024);
        case key_kind::rsa_2048:
            return EVP_RSA_gen(2048);
        case key_kind::ec_p256:
            return EVP_EC_gen("P-256");
    }
    return nullptr;
}

}  // namespace

test_key::test_key(key_kind kind) : x_key(generate(kind), &EVP_PKEY_free) {
    check_openssl(x_key != nullptr, "making a key");
}

std::string test_key::public_pem() const {
    return written_pem([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, x_key.get()); });
}

std::string test_key::private_pem() const {
    return written_pem([&](BIO* bio) {
        return PEM_write_bio_PrivateKey(bio, x_key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
}

std::string test_key::sign(std::string_view message) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    check_openssl(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, x_key.get()) == 1,
                  "signing");
    const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
    std::size_t size = 0;
    check_openssl(EVP_DigestSign(context.get(), nullptr, &size, bytes, message.size()) == 1, "signing");
    std::vector<unsigned char> signature(size);
    check_openssl(EVP_DigestSign(context.get(), signature.data(), &size, bytes, message.size()) == 1,
                  "signing");
    std::vector<unsigned char> text(size / 3 * 4 + 5);
    const int length = EVP_EncodeBlock(text.data(), signature.data(), static_cast<int>(size));
    return {text.begin(), text.begin() + length};
}

}  // namespace nullworker::test
