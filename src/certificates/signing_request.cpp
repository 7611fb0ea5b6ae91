#include <nullworker/certificates/signing_request.hpp>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>

namespace nullworker::certificates {
namespace {

struct text_row {
    const char* key;
    const char* value;
};

constexpr text_row subject[] = {{"C", "US"}, {"ST", "CA"}, {"CN", "pyworker.vast.ai"}};

struct extension_row {
    int kind;
    const char* value;
};

constexpr extension_row wanted[] = {
    {NID_basic_constraints, "CA:FALSE"},
    {NID_key_usage, "nonRepudiation,digitalSignature,keyEncipherment"},
    {NID_subject_alt_name, "IP:0.0.0.0"},
};

void free_extensions(STACK_OF(X509_EXTENSION) * all) {
    sk_X509_EXTENSION_pop_free(all, &X509_EXTENSION_free);
}

}  // namespace

std::string make_signing_request(const private_key& key) {
    const std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)> request(X509_REQ_new(), &X509_REQ_free);
    const std::unique_ptr<STACK_OF(X509_EXTENSION), decltype(&free_extensions)> extensions(
        sk_X509_EXTENSION_new_null(), &free_extensions);
    require_openssl(request && extensions && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
                        X509_REQ_set_pubkey(request.get(), key.get()) == 1,
                    "make a signing request");
    for (const auto& [name, value] : subject)
        require_openssl(
            X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), name, MBSTRING_ASC,
                                       reinterpret_cast<const unsigned char*>(value), -1, -1, 0) == 1,
            "make a signing request");
    for (const auto& [kind, value] : wanted) {
        X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
        require_openssl(made && sk_X509_EXTENSION_push(extensions.get(), made) > 0, "make a signing request");
    }
    require_openssl(X509_REQ_add_extensions(request.get(), extensions.get()) == 1 &&
                        X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0,
                    "make a signing request");
    return pem_text([&request](BIO* bio) { return PEM_write_bio_X509_REQ(bio, request.get()); });
}

}  // namespace nullworker::certificates
