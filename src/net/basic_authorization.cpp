#include <nullworker/net/basic_authorization.hpp>

#include <openssl/evp.h>

#include <string>

namespace nullworker::net {

header basic_authorization(std::string_view user, std::string_view password) {
    const auto plain = std::string(user).append(":").append(password);
    std::string encoded((plain.size() + 2) / 3 * 4 + 1, '\0');  // with the zero that the function appends
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                        reinterpret_cast<const unsigned char*>(plain.data()), static_cast<int>(plain.size()));
    encoded.resize(static_cast<std::size_t>(size));
    return {"Authorization", "Basic " + encoded};
}

}  // namespace nullworker::net
