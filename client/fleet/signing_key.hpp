#pragma once

#include <nullworker/certificates/x509.hpp>
#include <nullworker/net/tls.hpp>

#include <optional>
#include <string>
#include <vector>

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
    explicit signing_key(certificates::private_key key);

    certificates::private_key x_key;
    std::string x_public_pem;
};

// A root that exists in this process alone, for workers that serve TLS. Valid from yesterday for a month.
class certificate_authority {
public:
    [[nodiscard]] static certificate_authority create();

    // What GET /static/jvastai_root.cer serves, PEM.
    [[nodiscard]] const std::string& root_pem() const noexcept { return x_root_pem; }

    // A server certificate for IP addresses and DNS names, and its key.
    [[nodiscard]] net::tls_pair issue(const std::vector<std::string>& hosts) const;

    // The answer to a signing request in PEM: a certificate for `host`, whatever host the request names, PEM.
    // Nothing for what is no request, or not signed with the key that is to be certified.
    [[nodiscard]] std::optional<std::string> answer(const std::string& request,
                                                    const std::string& host) const;

private:
    certificate_authority(certificates::private_key key, certificates::x509_certificate root);

    [[nodiscard]] std::string certify(const certificates::private_key& key,
                                      const std::vector<std::string>& hosts) const;

    certificates::private_key x_key;
    certificates::x509_certificate x_root;
    std::string x_root_pem;
};

// `bytes` bytes of the cryptographic generator, in hexadecimal.
[[nodiscard]] std::string random_token(std::size_t bytes);

}  // namespace nullworker::fleet
