#pragma once

#include <nullworker/api/public_api.hpp>
#include <nullworker/auth/gatekeeper.hpp>
#include <nullworker/autoscaler/key_fetch.hpp>
#include <nullworker/base/asio.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/net/message.hpp>

#include <boost/asio/awaitable.hpp>

namespace nullworker::app {

// What stands between the public listener and its routes: a second chance for a request whose signature does
// not verify, since the autoscaler may have changed its key.
class public_door {
public:
    // All references outlive it. What goes on behind a reply is for `background` to own.
    public_door(api::public_api& routes, const auth::gatekeeper& gate, autoscaler::key_fetch& key,
                task_group& background)
        : x_routes(routes), x_gate(gate), x_key(key), x_background(background) {}

    // `request` outlives the coroutine.
    [[nodiscard]] asio::awaitable<net::reaction> answer(const net::request& request);

private:
    api::public_api& x_routes;
    const auth::gatekeeper& x_gate;
    autoscaler::key_fetch& x_key;
    task_group& x_background;
};

}  // namespace nullworker::app
