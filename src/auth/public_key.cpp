#include "rsa_key_text.hpp"

#include <nullworker/auth/public_key.hpp>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace nullworker::auth {
namespace {

constexpr std::size_t min_key_bits = 2048;

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* thing) const noexcept {
        Free(thing);
    }
};
template <class T, auto Free>
using owned = std::unique_ptr<T, freed_by<Free>>;
using owned_key = owned<EVP_PKEY, EVP_PKEY_free>;
using owned_number = owned<BIGNUM, BN_free>;

// For OpenSSL, which would otherwise ask for the password of an encrypted PEM on the terminal.
int no_password(char*, int, int, void*) {
    return 0;
}

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

// What OpenSSL makes of a PEM in one of the forms that few write.
std::optional<rsa_numbers> read_by_openssl(std::string_view pem) {
    const owned<BIO, BIO_free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    const owned_key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_password, nullptr));
    unsigned char* der = nullptr;
    const int size = key ? i2d_PUBKEY(key.get(), &der) : 0;
    if (size <= 0)
        return std::nullopt;
    const std::string copy(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return read_rsa_der(copy);
}

owned_number number_of(const std::string& bytes) {
    return owned_number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

owned_key key_of(const rsa_numbers& numbers) {
    const auto modulus = number_of(numbers.modulus);
    const auto exponent = number_of(numbers.exponent);
    const owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> list(OSSL_PARAM_BLD_new());
    if (OSSL_PARAM_BLD_push_BN(list.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(list.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
        return nullptr;
    const owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(list.get()));
    const owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    EVP_PKEY* key = nullptr;
    if (EVP_PKEY_fromdata_init(context.get()) == 1)
        (void)EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get());
    return owned_key(key);
}

// Each part with its length in front, so that no two lists of parts are one text.
signature_digest sum_of(std::initializer_list<std::string_view> parts) {
    // OpenSSL would look for the algorithm anew each time.
    static const owned<EVP_MD, EVP_MD_free> sha256(EVP_MD_fetch(nullptr, "SHA2-256", nullptr));
    const owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    bool done = EVP_DigestInit_ex2(context.get(), sha256.get(), nullptr) == 1;
    for (const auto part : parts) {
        const auto size = part.size();
        done = done && EVP_DigestUpdate(context.get(), &size, sizeof size) == 1 &&
               EVP_DigestUpdate(context.get(), part.data(), size) == 1;
    }
    signature_digest out{};
    if (!done || EVP_DigestFinal_ex(context.get(), out.data(), nullptr) != 1)
        throw std::runtime_error("SHA-256 failed");
    return out;
}

}  // namespace

struct public_key::parts {
    rsa_numbers numbers;
    // Made from the numbers once there is a signature.
    owned_key made = nullptr;
    std::optional<signature_digest> sum = std::nullopt;  // of the key alone
};

result<public_key> public_key::from_pem(std::string_view pem) {
    auto numbers = read_rsa_der(plain_public_pem(pem));
    if (!numbers)
        numbers = read_by_openssl(pem);
    if (!numbers || bits_of(numbers->modulus) < min_key_bits)
        return errc::invalid_public_key;
    return public_key(std::make_shared<parts>(parts{.numbers = std::move(*numbers)}));
}

bool public_key::verifies(std::string_view message, std::string_view signature) const {
    const auto bytes = decode_base64(signature);
    if (bytes.empty())
        return false;
    if (!x_parts->made)
        x_parts->made = key_of(x_parts->numbers);
    const owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, x_parts->made.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes_of(bytes), bytes.size(), bytes_of(message),
                            message.size()) == 1;
}

signature_digest public_key::digest(std::string_view message, std::string_view signature) const {
    auto& sum = x_parts->sum;
    if (!sum)
        sum = sum_of({x_parts->numbers.modulus, x_parts->numbers.exponent});
    return sum_of({{reinterpret_cast<const char*>(sum->data()), sum->size()}, message, signature});
}

bool operator==(const public_key& a, const public_key& b) {
    return a.x_parts->numbers == b.x_parts->numbers;
}

}  // namespace nullworker::auth
