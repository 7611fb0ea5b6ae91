#include "endpoint.hpp"

#include <nullworker/net/listener.hpp>

#include <boost/asio/local/stream_protocol.hpp>

#include <cerrno>
#include <cstring>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace nullworker::net {
namespace {

using acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

// Every connection inherits what is set here. A peer that acknowledges nothing, or leaves no room, is given
// up by the kernel, too: also what is closed would lie there with its reply for minutes.
void set_for_connections(acceptor& parent) {
    constexpr unsigned unacknowledged_ms = 10'000;
    error_code ignored;
    parent.set_option(asio::ip::tcp::no_delay(true), ignored);
    (void)::setsockopt(parent.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms,
                       sizeof unacknowledged_ms);
}

// Whether the Unix socket at `path` was left by a process that is gone.
bool is_abandoned(const asio::any_io_executor& executor, const std::string& path) {
    asio::local::stream_protocol::socket probe(executor);
    error_code ec;
    probe.open(asio::local::stream_protocol(), ec);
    probe.non_blocking(true, ec);  // a listener that is busy would keep us waiting
    probe.connect({path}, ec);
    return ec == asio::error::connection_refused;
}

bool is_socket(const std::string& path) {
    struct stat file {};
    return ::lstat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode);
}

// While it lives, files that are made may be used by nobody.
class closed_umask {
public:
    closed_umask() : x_before(::umask(0777)) {}
    ~closed_umask() { ::umask(x_before); }
    closed_umask(const closed_umask&) = delete;
    closed_umask& operator=(const closed_umask&) = delete;

private:
    mode_t x_before;
};

}  // namespace

listener::listener(const asio::any_io_executor& executor, const address& local, std::string described)
    : x_acceptor(executor), x_described(std::move(described)) {
    const bool is_tcp = local.protocol().family() != AF_UNIX;
    error_code ec;
    x_acceptor.open(local.protocol(), ec);
    if (!ec && is_tcp)
        x_acceptor.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec)
        x_acceptor.bind(local, ec);
    require(ec);
    x_acceptor.non_blocking(true, ec);
    require(ec);
    if (!is_tcp)
        return;
    set_for_connections(x_acceptor);
    x_port = to_tcp(x_acceptor.local_endpoint()).port();
}

void listener::require(const error_code& ec) const {
    if (ec)
        throw startup_error("cannot listen on " + x_described + ": " + ec.message() +
                            "; free it or choose another one");
}

listener listener::reserve(const asio::any_io_executor& executor, const asio::ip::tcp::endpoint& address,
                           const std::string& setting) {
    return {executor, address,
            address.address().to_string() + " port " + std::to_string(address.port()) + " (" + setting + ")"};
}

listener listener::local(const asio::any_io_executor& executor, const std::string& path,
                         const std::string& setting) {
    const std::string described = "the Unix socket " + path + " (" + setting + ")";
    if (path.size() >= sizeof(sockaddr_un::sun_path))
        throw startup_error("cannot listen on " + described + ": the path may have " +
                            std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes at most");
    if (is_socket(path)) {
        if (!is_abandoned(executor, path))
            throw startup_error("cannot listen on " + described +
                                ": another process does; stop it or choose another one");
        ::unlink(path.c_str());
    }
    listener made = [&] {
        const closed_umask nobody_connects_before_the_mode_is_right;
        listener bound(executor, asio::local::stream_protocol::endpoint(path), described);
        bound.listen();
        return bound;
    }();
    made.x_path = path;
    made.x_file = stamp_of(path);
    constexpr mode_t owner_and_group = 0660;
    if (::chmod(path.c_str(), owner_and_group) != 0)
        throw startup_error("cannot set the mode of " + described + ": " + std::strerror(errno));
    return made;
}

void listener::listen() {
    error_code ec;  // of one that listens already there is none
    x_acceptor.listen(asio::socket_base::max_listen_connections, ec);
    require(ec);
}

asio::awaitable<listener::accepted> listener::accept() {
    address from;
    auto [ec, next] = co_await x_acceptor.async_accept(from, nothrow);
    co_return accepted{ec, std::move(next), from};
}

listener::accepted listener::accept_now() {
    error_code ec;
    address from;
    auto next = x_acceptor.accept(from, ec);
    return {ec, std::move(next), from};
}

void listener::close() {
    error_code ignored;
    x_acceptor.close(ignored);
    if (!x_path.empty() && stamp_of(x_path).inode == x_file.inode)
        ::unlink(x_path.c_str());
    x_path.clear();
}

}  // namespace nullworker::net
