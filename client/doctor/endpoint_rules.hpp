#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/wire/account.hpp>
#include <nullworker/wire/routing.hpp>
#include <vast/failure.hpp>

#include <cstdint>
#include <doctor/finding.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

// What the answers of console and autoscaler say of an endpoint, without I/O. What was not answered is a
// finding, too.
namespace nullworker::client {

// Whether the console takes the key; `console` is its address.
[[nodiscard]] finding judge_key(const outcome<std::vector<wire::endpoint_info>>& endpoints,
                                const std::string& console);

// The endpoint of that name; null where there is none.
[[nodiscard]] const wire::endpoint_info* endpoint_named(const std::string& name,
                                                        const std::vector<wire::endpoint_info>& all);

// Of a name that no endpoint has: which ones come near.
[[nodiscard]] finding unknown_endpoint(const std::string& name, const std::vector<wire::endpoint_info>& all);

[[nodiscard]] finding judge_state(const wire::endpoint_info& endpoint);

[[nodiscard]] std::vector<finding> judge_workergroups(
    const wire::endpoint_info& endpoint, const outcome<std::vector<wire::workergroup_info>>& all);

[[nodiscard]] finding judge_credit(const outcome<wire::account_info>& account);

// The autoscaler's answer to a request without a key, which rents nothing.
struct route_answer {
    unsigned status = 0;
    bool is_json = false;
    seconds took{};
};

[[nodiscard]] finding judge_route(const outcome<route_answer>& answer, const std::string& autoscaler);

// Workers by state, and a line for each that is in error; `logs` may tell why.
[[nodiscard]] std::vector<finding> judge_workers(const wire::endpoint_info& endpoint,
                                                 const outcome<std::vector<wire::worker_info>>& workers,
                                                 const outcome<wire::endpoint_logs>& logs);

// Whether a worker with that status is in error.
[[nodiscard]] bool is_in_error(const wire::worker_info& worker);

}  // namespace nullworker::client
