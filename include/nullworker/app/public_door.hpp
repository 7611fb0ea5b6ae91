#pragma once

#include <nullworker/api/public_api.hpp>
#include <nullworker/auth/gatekeeper.hpp>
#include <nullworker/autoscaler/key_fetch.hpp>
#include <nullworker/base/asio.hpp>
#include <nullworker/base/counts.hpp>
#include <nullworker/base/side_thread.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/net/message.hpp>

#include <boost/asio/awaitable.hpp>

namespace nullworker::app {

// What stands between the public listener and its routes: a second chance for a request whose signature does
// not verify, since the autoscaler may have changed its key, and a thread for the one file that is asked for.
class public_door {
public:
    // All references outlive it. What goes on behind a reply is for `background` to own, and what may block
    // for `files` to run.
    public_door(api::public_api& routes, const auth::gatekeeper& gate, autoscaler::key_fetch& key,
                task_group& background, side_thread& files)
        : x_routes(routes), x_gate(gate), x_key(key), x_background(background), x_files(files) {}

    // `request` outlives the coroutine.
    [[nodiscard]] asio::awaitable<net::reaction> answer(const net::request& request);

    // What became of the creates so far, each of which counts once.
    [[nodiscard]] const counts<api::create_result, api::create_results>& creates() const noexcept {
        return x_creates;
    }

private:
    asio::awaitable<net::reply> make_update_file();

    api::public_api& x_routes;
    const auth::gatekeeper& x_gate;
    autoscaler::key_fetch& x_key;
    task_group& x_background;
    side_thread& x_files;
    counts<api::create_result, api::create_results> x_creates;
};

}  // namespace nullworker::app
