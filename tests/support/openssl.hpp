#pragma once

#include <openssl/bio.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace nullworker::test {

// Throws unless an OpenSSL call succeeded.
inline void check_openssl(bool succeeded, const char* what) {
    if (!succeeded)
        throw std::runtime_error(std::string("OpenSSL: ") + what);
}

// What `write(bio)` writes, for the PEM_write_bio functions.
template <class Write>
[[nodiscard]] std::string written_pem(Write write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
    check_openssl(write(bio.get()) == 1, "writing PEM");
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

}  // namespace nullworker::test
