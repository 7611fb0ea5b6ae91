#include <nullworker/app/public_door.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/file.hpp>

#include <chrono>
#include <functional>
#include <utility>

namespace nullworker::app {

// A request that was refused changed nothing, so it can be asked once more. One that was admitted all the
// same has had its effect.
asio::awaitable<net::reaction> public_door::answer(const net::request& request) {
    constexpr std::chrono::seconds patience(3);
    const auto keys_before = x_gate.keys();
    auto answered = x_routes.on_public(request);
    if (answered.wants_update)
        co_return co_await make_update_file();
    if (answered.doubt == api::key_doubt::admitted) {
        x_background.spawn(x_key.refresh(std::move(answered.doubted), patience));
    } else if (answered.doubt == api::key_doubt::refused) {
        co_await x_key.refresh(std::move(answered.doubted), patience);
        if (x_gate.keys() != keys_before)
            answered = x_routes.on_public(request);
    }
    if (answered.created)
        x_creates.add(*answered.created);
    co_return std::move(answered.reply);
}

asio::awaitable<net::reply> public_door::make_update_file() {
    constexpr std::chrono::seconds patience(5);
    std::function<int()> job = [path = x_routes.update_file()] { return touch_file(path).value(); };
    auto work = x_files.call(std::move(job));
    const auto failure = co_await within(patience, std::move(work));
    co_return x_routes.update_requested(failure ? error_code(*failure, boost::system::system_category())
                                                : failure.error());
}

}  // namespace nullworker::app
