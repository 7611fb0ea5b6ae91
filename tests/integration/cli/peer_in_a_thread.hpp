#pragma once

#include "support/scripted_peer.hpp"

#include <nullworker/base/asio.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include <cstddef>
#include <string>
#include <thread>
#include <vector>

namespace nullworker::test {

// A scripted peer that answers while the test waits for a program. What it answers is said before it is
// started.
class peer_in_a_thread {
public:
    peer_in_a_thread() = default;
    ~peer_in_a_thread() {
        start();
        asio::co_spawn(x_loop, x_peer.stop(), asio::use_future).get();
        x_work.reset();
        x_thread.join();
    }
    peer_in_a_thread(const peer_in_a_thread&) = delete;
    peer_in_a_thread& operator=(const peer_in_a_thread&) = delete;

    [[nodiscard]] scripted_peer& script() { return x_peer; }
    [[nodiscard]] std::string origin() const { return x_peer.origin(); }
    [[nodiscard]] std::string port() const { return std::to_string(x_peer.port()); }

    void start() {
        if (!x_thread.joinable())
            x_thread = std::thread([this] { x_loop.run(); });
    }

    // Waits until `path` was asked `count` times in all.
    void await_requests(const std::string& path, std::size_t count) {
        (void)asio::co_spawn(x_loop, x_peer.received(path, count), asio::use_future).get();
    }

    // How often `path` was asked so far.
    [[nodiscard]] std::size_t asked(const std::string& path) {
        return asio::post(x_loop, asio::use_future([&] { return x_peer.requests(path).size(); })).get();
    }

    // The body of the first request to `path`.
    [[nodiscard]] std::string body_of(const std::string& path) {
        return asio::post(x_loop, asio::use_future([&] { return x_peer.requests(path).at(0).body; })).get();
    }

    // The bodies of all of them so far.
    [[nodiscard]] std::vector<std::string> bodies_of(const std::string& path) {
        return asio::post(x_loop, asio::use_future([&] {
                              std::vector<std::string> out;
                              for (const auto& one : x_peer.requests(path))
                                  out.push_back(one.body);
                              return out;
                          }))
            .get();
    }

    // From now on every request to `path` gets `answer`.
    void then_reply(const std::string& path, const net::reply& answer) {
        asio::post(x_loop, asio::use_future([&] { x_peer.reply_always(path, answer); })).get();
    }

    // Answers the requests that are held now.
    void let_go() {
        asio::post(x_loop, asio::use_future([this] { x_peer.let_go(); })).get();
    }

private:
    asio::io_context x_loop;
    asio::executor_work_guard<asio::io_context::executor_type> x_work{x_loop.get_executor()};
    scripted_peer x_peer{x_loop.get_executor()};
    std::thread x_thread;
};

}  // namespace nullworker::test
