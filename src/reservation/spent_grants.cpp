#include <nullworker/reservation/spent_grants.hpp>

#include <charconv>

namespace nullworker::reservation {
namespace {

constexpr std::size_t digits = 16;
constexpr std::string_view alphabet = "0123456789abcdef";

std::string to_digits(std::uint64_t number) {
    std::string out(digits, '0');
    for (auto digit = out.rbegin(); number != 0; ++digit, number >>= 4U)
        *digit = alphabet[number & 15U];
    return out;
}

std::uint64_t from_digits(std::string_view text) {
    std::uint64_t out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out, 16);
    return out;
}

}  // namespace

void spent_grants::add(std::uint64_t fingerprint) {
    if (!x_known.insert(fingerprint).second)
        return;
    if (x_ring.size() < most * digits) {
        x_ring += to_digits(fingerprint);
        return;
    }
    x_known.erase(from_digits(std::string_view(x_ring).substr(x_oldest, digits)));
    x_ring.replace(x_oldest, digits, to_digits(fingerprint));
    x_oldest = (x_oldest + digits) % x_ring.size();
}

std::string spent_grants::text() const {
    std::string out;
    out.reserve(x_ring.size());
    return out.append(x_ring, x_oldest).append(x_ring, 0, x_oldest);
}

bool spent_grants::is_text(std::string_view text) {
    return text.size() % digits == 0 && text.size() <= most * digits &&
           text.find_first_not_of(alphabet) == std::string_view::npos;
}

void spent_grants::resume(std::string_view text) {
    for (; !text.empty(); text.remove_prefix(digits))
        add(from_digits(text.substr(0, digits)));
}

}  // namespace nullworker::reservation
