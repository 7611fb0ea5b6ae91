#include <nullworker/certificates/signing_request.hpp>
#include <nullworker/certificates/x509.hpp>

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace nullworker::certificates {
namespace {

std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)> parsed(const std::string& pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> text(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    return {PEM_read_bio_X509_REQ(text.get(), nullptr, nullptr, nullptr), &X509_REQ_free};
}

TEST(signing_request, says_what_vasts_own_worker_says) {
    const auto key = make_rsa_key();
    const auto request = parsed(make_signing_request(key));
    ASSERT_NE(request, nullptr);
    EXPECT_EQ(X509_REQ_verify(request.get(), key.get()), 1);
    EXPECT_EQ(EVP_PKEY_get_bits(key.get()), 2048);
    const auto subject = pem_text([&](BIO* out) {
        return X509_NAME_print_ex(out, X509_REQ_get_subject_name(request.get()), 0, XN_FLAG_RFC2253) > 0 ? 1
                                                                                                         : 0;
    });
    EXPECT_EQ(subject, "CN=pyworker.vast.ai,ST=CA,C=US");
    const auto whole = pem_text([&](BIO* out) { return X509_REQ_print(out, request.get()); });
    EXPECT_NE(whole.find("IP Address:0.0.0.0"), std::string::npos) << whole;
    EXPECT_NE(whole.find("CA:FALSE"), std::string::npos) << whole;
}

TEST(private_key, is_the_same_after_a_way_through_pem) {
    const auto key = make_ec_key();
    const auto again = parse_private_key(to_pem(key));
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(EVP_PKEY_eq(key.get(), again.get()), 1);
    EXPECT_EQ(parse_private_key("nonsense"), nullptr);
    EXPECT_EQ(parse_private_key(public_pem(key)), nullptr);
}

}  // namespace
}  // namespace nullworker::certificates
