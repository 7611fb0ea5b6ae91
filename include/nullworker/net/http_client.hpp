#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/net/message.hpp>
#include <nullworker/net/resolver.hpp>
#include <nullworker/net/tls.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::net {

// How often a connection is used. `single`: the peer is told to close it, and its answer is read as tolerant
// as curl does, of the body no more than the peer needs to be rid of it. An answer of status 0 is none: its
// body is how what came begins.
enum class exchanges : std::uint8_t { many, single };

// One request to a peer.
struct call {
    verb method = verb::get;
    url target;
    std::vector<header> headers = {};
    std::string body = {};
    std::string content_type = "application/json";                         // of the body
    std::chrono::steady_clock::duration limit = std::chrono::seconds(10);  // for all of it
    std::size_t max_reply_bytes = 1024 * 1024;
    std::string local_socket = {};  // path of a Unix socket to ask instead of the target's host and port
    // How many redirects of the kinds 307 and 308, which ask for the same request elsewhere, are followed.
    // Never from https to http.
    int max_redirects = 0;
    exchanges on_connection = exchanges::many;
    // Twice is as good as once: it may be sent again where its first connection broke without an answer.
    bool repeatable = false;
};

// How clients get out: whom they trust, and how they find names. Clients that share it read CA certificates
// once, and wait for no name twice. Without `names` a client has a resolver of its own.
struct way_out {
    way_out(std::shared_ptr<tls_trust> trusted, std::shared_ptr<resolver> known = nullptr)
        : trust(std::move(trusted)), names(std::move(known)) {}

    std::shared_ptr<tls_trust> trust;
    std::shared_ptr<resolver> names;
};

// Sends requests, one at a time, and keeps the last connection open for the next one to the same origin.
// Interim answers are passed over. A connection is kept for less than the time after which its peer may close
// it. Where the peer did close it, a request is sent again on a new one if it certainly was not processed, if
// it is a GET, or if it says that it may be. Concurrent calls need a client each.
class http_client {
public:
    http_client(asio::any_io_executor executor, way_out out);
    ~http_client();
    http_client(http_client&&) noexcept;
    http_client& operator=(http_client&&) noexcept;

    // Fails with timed_out, response_too_large, too_many_interim, no_trusted_roots, control_character or the
    // network's error. Any status is a success here, a redirect that is not followed included.
    [[nodiscard]] asio::awaitable<result<reply>> send(call request);

    // Closes the kept connection.
    void close();

    // Goes on with the connection that `other` keeps, where this client has none itself.
    void take_over(http_client& other);

    // Until when there is a connection for the next request; time_point::min() where there is none.
    [[nodiscard]] std::chrono::steady_clock::time_point kept_until() const noexcept {
        return x_kept ? x_kept_until : std::chrono::steady_clock::time_point::min();
    }

private:
    class connection;

    asio::awaitable<result<reply>> follow(call request);
    asio::awaitable<result<reply>> exchange(call request);
    asio::awaitable<result<reply>> finish(std::unique_ptr<connection> made, call request);

    asio::any_io_executor x_executor;
    way_out x_out;
    void keep(std::unique_ptr<connection> used, const reply& last);

    std::unique_ptr<connection> x_kept;
    std::chrono::steady_clock::time_point x_kept_until;
};

// How long a connection by which `last` came may lie unused before its peer may close it: as the peer says
// (`Keep-Alive: timeout=`), or else as those do that are the first to close.
[[nodiscard]] std::chrono::steady_clock::duration time_to_keep(const reply& last);

}  // namespace nullworker::net
