#include <nullworker/base/error.hpp>
#include <nullworker/base/unmapped.hpp>
#include <nullworker/net/loopback_place.hpp>

#include <boost/asio/ip/address.hpp>

#include <charconv>
#include <cstdint>

namespace nullworker::net {
namespace {

std::optional<std::uint16_t> port_named(std::string_view text) {
    std::uint16_t out = 0;
    const char* end = text.data() + text.size();
    const auto [stop, ec] = std::from_chars(text.data(), end, out);
    return !text.empty() && ec == std::errc() && stop == end ? std::optional(out) : std::nullopt;
}

// An IPv6 address stands in brackets, since its own colons would be taken for that of the port.
std::optional<asio::ip::address> address_named(std::string_view text) {
    if (text == "localhost")
        return asio::ip::address_v4::loopback();
    const bool in_brackets = text.size() > 1 && text.front() == '[' && text.back() == ']';
    if (in_brackets)
        text = text.substr(1, text.size() - 2);
    error_code ec;
    const auto out = asio::ip::make_address(text, ec);
    return !ec && out.is_v6() == in_brackets ? std::optional(out) : std::nullopt;
}

struct written_place {
    std::optional<asio::ip::address> address;
    std::optional<std::uint16_t> port;
};

written_place taken_apart(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return {address_named(text), std::nullopt};
    return {address_named(text.substr(0, colon)), port_named(text.substr(colon + 1))};
}

bool is_this_machine(const asio::ip::address& one) {
    return unmapped(one).is_loopback();
}

}  // namespace

std::optional<asio::ip::tcp::endpoint> parse_loopback_place(std::string_view text) {
    const auto [address, port] = taken_apart(text);
    if (!address || !port || !is_this_machine(*address))
        return std::nullopt;
    return asio::ip::tcp::endpoint(*address, *port);
}

std::optional<std::string> refuse_other_than_loopback(const std::string& text) {
    const auto [address, port] = taken_apart(text);
    if (!address || !port)
        return "must be an address and a port, such as 127.0.0.1:8090 or [::1]:8090";
    if (!is_this_machine(*address))
        return "must be an address of this machine alone, such as 127.0.0.1: everybody could ask at another "
               "one; a tunnel or a proxy that knows who asks can stand in front";
    return std::nullopt;
}

}  // namespace nullworker::net
