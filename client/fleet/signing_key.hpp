#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;
struct x509_st;

namespace nullworker::fleet {

// The autoscaler's RSA-2048 key, made anew by each fleet.
class signing_key {
public:
    // Takes some 100 ms.
    [[nodiscard]] static signing_key generate();

    // The grant's signature: base64 of RSA PKCS#1 v1.5 with SHA-256 over `wire::signed_message(url)`.
    [[nodiscard]] std::string sign_url(const std::string& url) const;

    // What GET /pubkey/ serves, PEM.
    [[nodiscard]] const std::string& public_pem() const noexcept { return x_public_pem; }

private:
    signing_key(std::shared_ptr<evp_pkey_st> key, std::string public_pem);

    std::shared_ptr<evp_pkey_st> x_key;
    std::string x_public_pem;
};

// A certificate and its key, both PEM.
struct certificate_pair {
    std::string certificate;
    std::string key;
};

// A root that exists in this process alone, for workers that serve TLS. Valid from yesterday for a month.
class certificate_authority {
public:
    [[nodiscard]] static certificate_authority create();

    // What GET /static/jvastai_root.cer serves, PEM.
    [[nodiscard]] const std::string& root_pem() const noexcept { return x_root_pem; }

    // A server certificate for an IP address or a DNS name.
    [[nodiscard]] certificate_pair issue(const std::string& host) const;

private:
    certificate_authority(std::shared_ptr<evp_pkey_st> key, std::shared_ptr<x509_st> root);

    std::shared_ptr<evp_pkey_st> x_key;
    std::shared_ptr<x509_st> x_root;
    std::string x_root_pem;
};

// `bytes` bytes of the cryptographic generator, in hexadecimal.
[[nodiscard]] std::string random_token(std::size_t bytes);

}  // namespace nullworker::fleet
