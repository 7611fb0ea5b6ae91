#include "rsa_key_text.hpp"

#include <openssl/evp.h>

#include <bit>
#include <cstdint>

namespace nullworker::auth {
namespace {

constexpr std::size_t longest_base64 = 4096;

enum class der_tag : std::uint8_t { integer = 0x02, bit_string = 0x03, sequence = 0x30 };

// What an AlgorithmIdentifier says of RSA: 1.2.840.113549.1.1.1, and no parameters.
constexpr std::string_view rsa_encryption("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", 13);

// Takes DER apart, an element at a time.
class der_reader {
public:
    explicit der_reader(std::string_view bytes) : x_rest(bytes) {}

    // The content of the next element; nothing where that has another tag, or is cut off.
    std::optional<std::string_view> element(der_tag tag) {
        if (x_rest.size() < 2 || byte(0) != static_cast<std::uint8_t>(tag))
            return std::nullopt;
        std::size_t size = byte(1);
        std::size_t head = 2;
        if (size > 0x82 || size == 0x80)
            return std::nullopt;  // a key has no 64 KiB
        if (size > 0x80) {
            head += size - 0x80;
            if (x_rest.size() < head)
                return std::nullopt;
            size = head == 3 ? byte(2) : byte(2) * 256U + byte(3);
        }
        if (x_rest.size() - head < size)
            return std::nullopt;
        const auto content = x_rest.substr(head, size);
        x_rest.remove_prefix(head + size);
        return content;
    }

    [[nodiscard]] bool is_done() const noexcept { return x_rest.empty(); }

private:
    [[nodiscard]] std::uint8_t byte(std::size_t place) const {
        return static_cast<std::uint8_t>(x_rest[place]);
    }

    std::string_view x_rest;
};

// A number above zero, without the byte that says so.
std::optional<std::string> positive(std::optional<std::string_view> integer) {
    if (!integer || integer->empty())
        return std::nullopt;
    const bool has_sign_byte = integer->front() == 0 && integer->size() > 1;
    if (has_sign_byte)
        integer->remove_prefix(1);
    const auto first = static_cast<std::uint8_t>(integer->front());
    // DER knows one way to write a number.
    if (first == 0 || has_sign_byte != (first >= 0x80))
        return std::nullopt;
    return std::string(*integer);
}

bool is_space(char c) noexcept {
    return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

}  // namespace

std::size_t bits_of(std::string_view number) noexcept {
    return number.empty()
               ? 0
               : (number.size() - 1) * 8 +
                     static_cast<std::size_t>(std::bit_width(static_cast<std::uint8_t>(number.front())));
}

std::optional<rsa_numbers> read_rsa_der(std::string_view der) {
    der_reader whole(der);
    const auto info = whole.element(der_tag::sequence);
    if (!info || !whole.is_done())
        return std::nullopt;
    der_reader parts(*info);
    const auto algorithm = parts.element(der_tag::sequence);
    const auto bits = parts.element(der_tag::bit_string);
    if (algorithm != rsa_encryption || !bits || !bits->starts_with('\0') || !parts.is_done())
        return std::nullopt;
    der_reader key(bits->substr(1));
    const auto numbers = key.element(der_tag::sequence);
    if (!numbers || !key.is_done())
        return std::nullopt;
    der_reader each(*numbers);
    auto modulus = positive(each.element(der_tag::integer));
    auto exponent = positive(each.element(der_tag::integer));
    if (!modulus || !exponent || !each.is_done())
        return std::nullopt;
    return rsa_numbers{std::move(*modulus), std::move(*exponent)};
}

std::string decode_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0 || text.size() > longest_base64)
        return {};
    std::string out(text.size() / 4 * 3, '\0');
    const int size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (size < 0)
        return {};
    // The decoder counts padding as zero bytes.
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    out.resize(static_cast<std::size_t>(size) - padding);
    return out;
}

std::string plain_public_pem(std::string_view pem) {
    constexpr std::string_view begin = "-----BEGIN PUBLIC KEY-----";
    constexpr std::string_view end = "-----END PUBLIC KEY-----";
    const auto first = pem.find(begin);
    if (first == std::string_view::npos)
        return {};
    pem.remove_prefix(first + begin.size());
    std::string text;
    for (const char c : pem.substr(0, pem.find(end)))
        if (!is_space(c))
            text += c;
    return pem.find(end) == std::string_view::npos ? std::string() : decode_base64(text);
}

}  // namespace nullworker::auth
