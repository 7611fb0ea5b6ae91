#pragma once

#include <nullworker/base/episode.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/reservation/lease.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace nullworker::consumer {

// Tells whoever asked for it that a session has ended: one POST each, 10 s at most, failures logged.
class close_callbacks {
public:
    // A path goes to `consumer`. `until_kept` returns once the end of a session survives the process: one
    // that comes back after a crash has called nobody.
    close_callbacks(asio::any_io_executor executor, net::way_out out, std::optional<url> consumer,
                    std::function<asio::awaitable<void>()> until_kept);

    // Starts the callback of `session`, if it asked for one. At most 64 run at once; more are refused, and
    // logged.
    void send(const reservation::closed_session& session);

    // Waits for those under way, at most `patience`, then cancels them.
    [[nodiscard]] asio::awaitable<void> finish(std::chrono::steady_clock::duration patience);

private:
    // The session that a callback is about.
    struct subject {
        std::string session_id;
        std::int64_t request_idx = 0;
    };

    void complain(const subject& whose, const std::string& error);
    asio::awaitable<void> post(url target, std::string body, subject whose);

    asio::any_io_executor x_executor;
    net::way_out x_out;
    std::optional<url> x_consumer;
    std::function<asio::awaitable<void>()> x_until_kept;
    episode x_failures;  // whoever has a grant can cause them
    task_group x_tasks;
};

}  // namespace nullworker::consumer
