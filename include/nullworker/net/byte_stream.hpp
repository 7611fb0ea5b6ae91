#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/net/http_client.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace nullworker::net {

enum class security : std::uint8_t { none, tls };

// A server that speaks something else than HTTP.
struct server_place {
    std::string host;
    std::uint16_t port = 0;
    security by = security::none;
};

// A connection to it, for whoever knows what is spoken there. All of it is for the caller to bound.
class byte_stream {
public:
    // Finds the name, asks one address after the other for `limit` at most, and with TLS verifies the peer as
    // http_client does. Fails with no_trusted_roots or the network's error.
    [[nodiscard]] static asio::awaitable<result<std::unique_ptr<byte_stream>>> open(
        asio::any_io_executor executor, way_out out, server_place where,
        std::chrono::steady_clock::duration limit);

    virtual ~byte_stream() = default;
    byte_stream(const byte_stream&) = delete;
    byte_stream& operator=(const byte_stream&) = delete;

    // All of it.
    [[nodiscard]] virtual asio::awaitable<error_code> write(std::string bytes) = 0;

    // What has come, a byte at least. Fails with no_answer where the peer has ended the connection.
    [[nodiscard]] virtual asio::awaitable<result<std::string>> read_some() = 0;

protected:
    byte_stream() = default;
};

}  // namespace nullworker::net
