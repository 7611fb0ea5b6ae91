#include <nullworker/auth/verified_signatures.hpp>
#include <nullworker/base/secret.hpp>

#include <algorithm>
#include <string_view>

namespace nullworker::auth {
namespace {

std::string_view bytes_of(const signature_digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

// Looks at all of them, wherever the one is.
bool verified_signatures::contains(const signature_digest& signature) const noexcept {
    bool found = false;
    for (std::size_t i = 0; i < x_size; ++i)
        found |= same_secret(bytes_of(x_known[i]), bytes_of(signature));
    return found;
}

void verified_signatures::add(const signature_digest& signature) noexcept {
    x_known[x_next] = signature;
    x_next = (x_next + 1) % most;
    x_size = std::min(x_size + 1, most);
}

}  // namespace nullworker::auth
