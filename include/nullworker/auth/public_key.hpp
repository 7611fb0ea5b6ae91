#pragma once

#include <nullworker/base/error.hpp>

#include <array>
#include <memory>
#include <string_view>
#include <utility>

namespace nullworker::auth {

// Stands for a key, a message and what is said to be its signature: the SHA-256 sum of the three.
using signature_digest = std::array<unsigned char, 32>;

// The autoscaler's RSA public key. OpenSSL first hears of it with the first signature: to initialise it takes
// longer than all else that a worker does at its start.
class public_key {
public:
    // Fails with invalid_public_key for anything but an RSA key of at least 2048 bits in PEM.
    [[nodiscard]] static result<public_key> from_pem(std::string_view pem);

    // Whether `signature` (standard base64) is an RSA PKCS#1 v1.5 signature with SHA-256 over `message`.
    [[nodiscard]] bool verifies(std::string_view message, std::string_view signature) const;

    // The same for the same key, message and signature alone.
    [[nodiscard]] signature_digest digest(std::string_view message, std::string_view signature) const;

    friend bool operator==(const public_key& a, const public_key& b);

private:
    struct parts;

    explicit public_key(std::shared_ptr<parts> made) : x_parts(std::move(made)) {}

    std::shared_ptr<parts> x_parts;
};

}  // namespace nullworker::auth
