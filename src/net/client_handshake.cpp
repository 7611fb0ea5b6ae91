#include "client_handshake.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <openssl/ssl.h>

namespace nullworker::net {

asio::awaitable<error_code> shake_hands(secured_socket& stream, std::string host) {
    error_code is_name;
    asio::ip::make_address(host, is_name);
    if (is_name)
        SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());
    stream.set_verify_callback(asio::ssl::host_name_verification(host));
    const auto [ec] = co_await stream.async_handshake(asio::ssl::stream_base::client, nothrow);
    co_return ec;
}

}  // namespace nullworker::net
