#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace nullworker::test {

enum class key_kind { rsa_1024, rsa_2048, ec_p256 };

// A fresh key pair: what an autoscaler signs grants with, or what a test certificate is made from.
class test_key {
public:
    explicit test_key(key_kind kind = key_kind::rsa_2048);

    [[nodiscard]] std::string public_pem() const;
    [[nodiscard]] std::string private_pem() const;

    // RSA PKCS#1 v1.5 with SHA-256 over `message`, in standard base64.
    [[nodiscard]] std::string sign(std::string_view message) const;

    [[nodiscard]] evp_pkey_st* native_handle() const noexcept { return x_key.get(); }

private:
    std::shared_ptr<evp_pkey_st> x_key;
};

}  // namespace nullworker::test
