#include <nullworker/certificates/x509.hpp>

#include <boost/asio/ip/address.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <stdexcept>

namespace nullworker::certificates {
namespace {

constexpr long day = 24L * 3600;
constexpr int rsa_bits = 2048;

private_key own(EVP_PKEY* key) {
    require_openssl(key != nullptr, "make a key");
    return {key, &EVP_PKEY_free};
}

// For OpenSSL, which would otherwise ask for the password on the terminal.
int no_password(char*, int, int, void*) {
    return 0;
}

std::string alternative_names(const std::vector<std::string>& hosts) {
    std::string out;
    for (const auto& host : hosts) {
        boost::system::error_code not_an_address;
        boost::asio::ip::make_address(host, not_an_address);
        out += std::string(out.empty() ? "" : ",") + (not_an_address ? "DNS:" : "IP:") + host;
    }
    return out;
}

std::uint64_t random_serial() {
    std::uint64_t serial = 0;
    require_openssl(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1,
                    "draw a serial number");
    return serial >> 1;
}

}  // namespace

void require_openssl(bool done, const char* what) {
    if (done)
        return;
    char reason[256] = {};
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    throw std::runtime_error(std::string("OpenSSL cannot ") + what + ": " + reason);
}

std::string pem_text(const std::function<int(BIO*)>& write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
    require_openssl(bio && write(bio.get()) == 1, "write PEM");
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

private_key make_rsa_key() {
    return own(EVP_RSA_gen(rsa_bits));
}

private_key make_ec_key() {
    return own(EVP_EC_gen("P-256"));
}

std::string to_pem(const private_key& key) {
    return pem_text([&key](BIO* bio) {
        return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
}

std::string public_pem(const private_key& key) {
    return pem_text([&key](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key.get()); });
}

std::string to_pem(const x509_certificate& made) {
    return pem_text([&made](BIO* bio) { return PEM_write_bio_X509(bio, made.get()); });
}

private_key parse_private_key(const std::string& pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    require_openssl(bio != nullptr, "read PEM");
    private_key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_password, nullptr), &EVP_PKEY_free);
    ERR_clear_error();
    return key;
}

x509_certificate blank_certificate(const private_key& key, const std::string& name) {
    x509_certificate made(X509_new(), &X509_free);
    require_openssl(made != nullptr, "make a certificate");
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), random_serial());
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -day);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 30 * day);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    require_openssl(X509_set_pubkey(made.get(), key.get()) == 1, "make a certificate");
    return made;
}

void add_extension(const x509_certificate& to, const x509_certificate& issuer, int kind,
                   const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer.get(), to.get(), nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
        X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), &X509_EXTENSION_free);
    require_openssl(extension && X509_add_ext(to.get(), extension.get(), -1) == 1, "extend a certificate");
}

void sign(const x509_certificate& made, const x509_certificate& issuer, const private_key& key) {
    require_openssl(X509_set_issuer_name(made.get(), X509_get_subject_name(issuer.get())) == 1 &&
                        X509_sign(made.get(), key.get(), EVP_sha256()) > 0,
                    "sign a certificate");
}

void sign_as_server(const x509_certificate& made, const x509_certificate& issuer, const private_key& key,
                    const std::vector<std::string>& hosts) {
    add_extension(made, issuer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(made, issuer, NID_key_usage, "critical,digitalSignature,keyEncipherment");
    add_extension(made, issuer, NID_ext_key_usage, "serverAuth");
    add_extension(made, issuer, NID_subject_key_identifier, "hash");
    if (made != issuer)
        add_extension(made, issuer, NID_authority_key_identifier, "keyid:always");
    add_extension(made, issuer, NID_subject_alt_name, alternative_names(hosts));
    sign(made, issuer, key);
}

std::string make_self_signed(const private_key& key, const std::string& host) {
    const auto made = blank_certificate(key, "nullworkerd");
    sign_as_server(made, made, key, {host});
    return to_pem(made);
}

}  // namespace nullworker::certificates
