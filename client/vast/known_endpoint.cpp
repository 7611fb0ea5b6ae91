#include <vast/known_endpoint.hpp>

#include <memory>

namespace nullworker::client {

asio::awaitable<outcome<void>> known_endpoint::look_up() {
    if (x_asking) {
        co_await x_finished.async_wait(nothrow);
        co_return x_last;
    }
    x_asking = true;
    x_finished.expires_at(asio::steady_timer::time_point::max());
    x_last = failure{"nobody waited for the console", /*retryable=*/true};
    // However this ends: the caller may be cancelled.
    const auto finish = [](known_endpoint* self) {
        self->x_asking = false;
        self->x_finished.cancel();
    };
    const std::unique_ptr<known_endpoint, decltype(finish)> finally(this, finish);
    auto found = co_await x_api.find_endpoint(x_access.name);
    if (found) {
        x_access = std::move(*found);
        x_last = outcome<void>();
    } else {
        x_last = found.error();
    }
    co_return x_last;
}

asio::awaitable<outcome<void>> known_endpoint::look_up_anew(std::string refused) {
    if (x_access.key != refused)
        co_return outcome<void>();
    co_return co_await look_up();
}

}  // namespace nullworker::client
