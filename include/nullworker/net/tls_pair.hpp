#pragma once

#include <nullworker/net/x509.hpp>

#include <string>

namespace nullworker::net {

// A certificate chain and its key, both PEM.
struct tls_pair {
    std::string certificate;
    std::string key;
};

// A request to have `key` certified, PEM, as Vast's own worker sends it: the console knows the worker's
// address and puts it into the certificate. Source: protocol.md, section 6.
[[nodiscard]] std::string make_signing_request(const private_key& key);

// A certificate of `key` for `host` that nobody else vouches for, PEM.
[[nodiscard]] std::string make_self_signed(const private_key& key, const std::string& host);

}  // namespace nullworker::net
