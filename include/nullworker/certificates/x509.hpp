#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

struct bio_st;
struct evp_pkey_st;
struct x509_st;

// Keys and certificates, made with OpenSSL. What fails here fails for want of memory or entropy, and throws
// std::runtime_error.
namespace nullworker::certificates {

using private_key = std::shared_ptr<evp_pkey_st>;
using x509_certificate = std::shared_ptr<x509_st>;

// Throws with OpenSSL's reason unless `done`.
void require_openssl(bool done, const char* what);

// An RSA-2048 key; takes some 100 ms.
[[nodiscard]] private_key make_rsa_key();

// An EC key on P-256.
[[nodiscard]] private_key make_ec_key();

// What `write` puts into a stream of OpenSSL's; it returns 1 when it succeeded.
[[nodiscard]] std::string pem_text(const std::function<int(bio_st*)>& write);

// PEM. Keys as PKCS#8, without a password.
[[nodiscard]] std::string to_pem(const private_key& key);
[[nodiscard]] std::string public_pem(const private_key& key);
[[nodiscard]] std::string to_pem(const x509_certificate& made);

// The private key in a PEM text; nullptr where there is none, or a password on it.
[[nodiscard]] private_key parse_private_key(const std::string& pem);

// A certificate for the public half of `key`, with the common name `name`, valid from yesterday for a month.
// Without issuer, extensions and signature.
[[nodiscard]] x509_certificate blank_certificate(const private_key& key, const std::string& name);

// `value` as in OpenSSL's configuration files; `kind` is an NID.
void add_extension(const x509_certificate& to, const x509_certificate& issuer, int kind,
                   const std::string& value);

// Makes `issuer`, whose key is `key`, vouch for it.
void sign(const x509_certificate& made, const x509_certificate& issuer, const private_key& key);

// Makes `issuer`, whose key is `key`, vouch for the certificate of a server that is reached as one of
// `hosts`, addresses or names.
void sign_as_server(const x509_certificate& made, const x509_certificate& issuer, const private_key& key,
                    const std::vector<std::string>& hosts);

// A certificate of `key` for `host` that nobody else vouches for, PEM.
[[nodiscard]] std::string make_self_signed(const private_key& key, const std::string& host);

}  // namespace nullworker::certificates
