#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/net/http_client.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace nullworker::fleet {

// No test waits longer for what it expects.
inline constexpr auto patience = std::chrono::seconds(20);

// Runs `story` and whatever it starts until nothing is left to do.
inline void run(asio::io_context& context, asio::awaitable<void> story) {
    std::exception_ptr failure;
    asio::co_spawn(context, std::move(story), [&](std::exception_ptr e) { failure = std::move(e); });
    context.run_for(patience * 2);
    const bool over = context.stopped();
    if (failure)
        std::rethrow_exception(failure);
    if (!over)
        throw std::runtime_error("the story did not end");
}

// Waits for conditions that change with events.
class observer {
public:
    explicit observer(const asio::any_io_executor& executor) : x_bell(executor) {}

    // Something happened: the condition is worth another look.
    void look() { x_bell.ring(); }

    // Returns when `condition` holds; false when it does not come to.
    asio::awaitable<bool> until(std::function<bool()> condition) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (!condition()) {
            if (std::chrono::steady_clock::now() >= deadline)
                co_return false;
            co_await x_bell.wait_until(deadline);
        }
        co_return true;
    }

private:
    wakeup x_bell;
};

// One request on a connection of its own.
inline asio::awaitable<result<net::reply>> fetch(net::verb method, std::string address, std::string body = {},
                                                 std::string bearer = {}) {
    const auto executor = co_await asio::this_coro::executor;
    net::http_client client(executor, std::make_shared<net::tls_trust>());
    net::call request;
    request.method = method;
    request.target = parse_url(address).value();
    request.body = std::move(body);
    if (!bearer.empty())
        request.headers.emplace_back("Authorization", "Bearer " + bearer);
    co_return co_await client.send(std::move(request));
}

}  // namespace nullworker::fleet
