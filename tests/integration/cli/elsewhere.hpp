#pragma once

#include "peer_in_a_thread.hpp"
#include "support/program.hpp"
#include "support/temporary_directory.hpp"

#include <nullworker/wire/routing.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::test {

// Sessions of an endpoint elsewhere, of which this program plays the autoscaler, the console and the worker.
class elsewhere : public testing::Test {
protected:
    void SetUp() override {
        x_peer.script().reply_always("/static/jvastai_root.cer", net::text_reply(200, "none"));
        x_peer.script().reply_always("/api/v0/endptjobs/", endpoint_with("endpoint-key"));
        x_peer.script().reply_always("/get_endpoint_workers/", net::json_reply(200, "[]"));
        x_peer.script().reply_always("/route/", worker_found());
        x_peer.script().reply_always("/session/create",
                                     net::json_reply(201, R"({"session_id": "Ab3", "expiration": 1234.5})"));
        x_peer.script().reply_always("/session/health", net::json_reply(200, R"({"ok": true})"));
        x_peer.script().reply_always("/ping", net::json_reply(200, "{}"));
        x_peer.script().reply_always("/session/end", net::json_reply(200, "{}"));
    }

    // What the console says: one endpoint, to which `key` routes.
    static net::reply endpoint_with(const std::string& key) {
        wire::endpoint_info endpoint;
        endpoint.id = 1;
        endpoint.endpoint_name = "local";
        endpoint.api_key = key;
        return net::json_reply(200, wire::endpoint_list({endpoint}));
    }

    [[nodiscard]] net::reply worker_found() const {
        return net::json_reply(200,
                               R"({"url": ")" + x_peer.origin() + R"(", "request_idx": 7, "cost": 100})");
    }

    // `nullworker COMMAND …` at that endpoint, where a session is checked ten times a second.
    [[nodiscard]] std::vector<std::string> at_it(std::vector<std::string> words) const {
        words.insert(words.begin(), NULLWORKER_PROGRAM);
        for (const auto& word :
             {std::string("--endpoint"), std::string("local"), std::string("--api-key"),
              std::string("account-key"), std::string("--autoscaler-url"), x_peer.origin(),
              std::string("--console-url"), x_peer.origin(), std::string("--lifetime"), x_lifetime})
            words.push_back(word);
        return words;
    }

    // A shell that runs `line`, in which "$@" is `nullworker hold …`.
    [[nodiscard]] std::vector<std::string> shell(const std::string& line,
                                                 std::vector<std::string> more = {}) const {
        more.insert(more.begin(), "hold");
        std::vector<std::string> words = {"/bin/sh", "-c", line, "sh"};
        for (auto& word : at_it(std::move(more)))
            words.push_back(std::move(word));
        return words;
    }

    // Starts a program, once all is said that its peers answer.
    program& run(const std::vector<std::string>& command) {
        x_peer.start();
        return x_program.emplace(command);
    }

    std::string x_lifetime = "0.4";
    temporary_directory x_files;
    peer_in_a_thread x_peer;
    std::optional<program> x_program;
};

}  // namespace nullworker::test
