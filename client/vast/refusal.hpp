#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/net/message.hpp>
#include <nullworker/wire/routing.hpp>
#include <vast/failure.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace nullworker::client {

// Whether a status means: the same may go better in a moment.
[[nodiscard]] constexpr bool is_retryable(unsigned status) {
    return status == 408 || status == 429 || (status >= 500 && status < 600);
}

inline constexpr unsigned status_too_many = 429;

// For how long a peer says that it is not to be asked, if it does: in seconds, or until a date, too.
[[nodiscard]] std::optional<seconds> seconds_to_retry(const net::reply& answer);
[[nodiscard]] std::optional<seconds> retry_after(const net::reply& answer, instant now);

// Whether a status says that no session was made. Of a redirect, or of a gateway that lost its worker, nobody
// can tell.
[[nodiscard]] constexpr bool is_clear_refusal(unsigned status) {
    constexpr unsigned unavailable = 503;
    return (status >= 400 && status < 500) || status == unavailable;
}

// `text`, of which a peer may have written a part, with the peer's copy of our key taken out.
[[nodiscard]] inline std::string without_key(std::string text, std::string_view key) {
    constexpr std::size_t shortest_secret = 4;
    if (key.size() < shortest_secret)
        return text;
    for (auto at = text.find(key); at != std::string::npos; at = text.find(key, at))
        text.replace(at, key.size(), "…");
    return text;
}

// What a peer said instead of doing `what`.
[[nodiscard]] inline failure refused(const std::string& what, const net::reply& answer) {
    return {.message = what + ": " + net::described_status(answer) +
                       (answer.body.empty() ? "" : ", " + wire::parse_error(answer.body)),
            .retryable = is_retryable(answer.status),
            .status = answer.status,
            .retry_after = net::wished_pause(answer)};
}

// Whether a peer does not take the key that it was asked with.
[[nodiscard]] inline bool is_key_refused(const failure& why) {
    return why.status == 401 || why.status == 403;
}

// Why the answer to `what` is no success, or nothing where it is one.
[[nodiscard]] inline std::optional<failure> obstacle_to(const std::string& what,
                                                        const outcome<net::reply>& answer) {
    if (!answer)
        return failure{what + ": " + answer.error().message, answer.error().retryable, 0,
                       answer.error().cause};
    return net::is_success(*answer) ? std::nullopt : std::optional(refused(what, *answer));
}

}  // namespace nullworker::client
