#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nullworker::auth {

// The two numbers of an RSA public key, as DER has them: big-endian, without a sign.
struct rsa_numbers {
    std::string modulus;
    std::string exponent;

    friend bool operator==(const rsa_numbers&, const rsa_numbers&) = default;
};

// How many bits a number has that does not begin with zero bytes.
[[nodiscard]] std::size_t bits_of(std::string_view number) noexcept;

// Reads a SubjectPublicKeyInfo in DER. Nothing for what is not exactly an RSA key.
[[nodiscard]] std::optional<rsa_numbers> read_rsa_der(std::string_view der);

// Standard base64 with its padding, nothing else; empty when it is no such thing.
[[nodiscard]] std::string decode_base64(std::string_view text);

// The bytes in the first block `PUBLIC KEY` of a PEM, as everybody writes it; empty where there is none, or
// where it has headers or other peculiarities.
[[nodiscard]] std::string plain_public_pem(std::string_view pem);

}  // namespace nullworker::auth
