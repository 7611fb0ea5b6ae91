#include <nullworker/base/deadline.hpp>
#include <nullworker/base/descriptor.hpp>
#include <nullworker/base/environment.hpp>
#include <nullworker/base/service_manager.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace nullworker {
namespace {

// The whole of `text` as a positive number.
std::optional<std::int64_t> number(const char* text) {
    if (!text)
        return std::nullopt;
    std::int64_t value = 0;
    const char* end = text + std::strlen(text);
    const auto [stop, ec] = std::from_chars(text, end, value);
    return ec == std::errc() && stop == end && value > 0 ? std::optional(value) : std::nullopt;
}

}  // namespace

void tell_service_manager(const std::string& assignments) noexcept {
    const char* path = environment("NOTIFY_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::size_t length = path ? std::strlen(path) : 0;
    if (length == 0 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    std::memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0';  // in the abstract name space
    const descriptor line(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!line.is_open())
        return;
    (void)::sendto(line.number(), assignments.data(), assignments.size(), MSG_NOSIGNAL,
                   reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
}

std::optional<std::chrono::microseconds> watchdog_interval() {
    const auto interval = number(environment("WATCHDOG_USEC"));
    const char* whom = environment("WATCHDOG_PID");
    if (!interval || (whom && number(whom) != ::getpid()))
        return std::nullopt;
    return std::chrono::microseconds(*interval);
}

asio::awaitable<void> feed_watchdog() {
    const auto longest = watchdog_interval();
    while (longest) {
        tell_service_manager("WATCHDOG=1");
        co_await sleep_for(*longest / 2);
    }
}

}  // namespace nullworker
