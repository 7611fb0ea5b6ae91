#include <nullworker/app/public_door.hpp>

#include <chrono>
#include <utility>

namespace nullworker::app {

// A request that was refused changed nothing, so it can be asked once more. One that was admitted all the
// same has had its effect.
asio::awaitable<net::reaction> public_door::answer(const net::request& request) {
    constexpr std::chrono::seconds patience(3);
    const auto keys_before = x_gate.keys();
    auto answered = x_routes.on_public(request);
    if (answered.doubt == api::key_doubt::none)
        co_return std::move(answered.reply);
    if (answered.doubt == api::key_doubt::admitted) {
        x_background.spawn(x_key.refresh(patience));
        co_return std::move(answered.reply);
    }
    co_await x_key.refresh(patience);
    if (x_gate.keys() != keys_before)
        answered = x_routes.on_public(request);
    co_return std::move(answered.reply);
}

}  // namespace nullworker::app
