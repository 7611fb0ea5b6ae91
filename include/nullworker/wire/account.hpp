#pragma once

#include <nullworker/base/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What Vast's console and autoscaler tell the owner of an endpoint, beyond what it takes to reserve a worker.
// What is nothing was not told.
namespace nullworker::wire {

// GET /api/v0/workergroups/: one way in which an endpoint gets machines.
struct workergroup_info {
    std::int64_t id = 0;
    std::int64_t endpoint_id = 0;
    std::string endpoint_name = {};
    std::string template_hash = {};
    std::optional<std::int64_t> test_workers = {};  // how many are started at first
    std::optional<std::int64_t> cold_workers = {};
};

[[nodiscard]] std::string workergroup_list(const std::vector<workergroup_info>& groups);
[[nodiscard]] result<std::vector<workergroup_info>> parse_workergroups(std::string_view body);

// PUT /api/v0/workergroups/<id>/: what is to be changed of one; nothing: it stays as it is.
struct workergroup_change {
    std::optional<std::int64_t> test_workers = {};
    std::optional<std::int64_t> cold_workers = {};
};

[[nodiscard]] std::string to_json(const workergroup_change& change);
[[nodiscard]] result<workergroup_change> parse_workergroup_change(std::string_view body);

// GET /api/v0/users/current/: what the account has, in US dollars. All else of the answer is left alone: the
// account's key is in it.
struct account_info {
    std::optional<double> credit = {};
    std::optional<double> balance = {};
};

[[nodiscard]] std::string to_json(const account_info& account);
[[nodiscard]] result<account_info> parse_account(std::string_view body);

// GET /api/v0/instances/: one instance of the account. A worker's id is that of its instance. All else of the
// answer is left alone: tokens and the environment are in it.
struct instance_info {
    std::int64_t id = 0;
    std::optional<double> dph_total = {};  // dollars an hour for all of it
};

[[nodiscard]] std::string instance_list(const std::vector<instance_info>& instances);
[[nodiscard]] result<std::vector<instance_info>> parse_instances(std::string_view body);

// POST /get_endpoint_logs/
struct logs_request {
    std::int64_t id = 0;
    std::string api_key = {};
    std::int64_t tail = 10000;  // how much of the end of each
};

[[nodiscard]] std::string to_json(const logs_request& request);
[[nodiscard]] result<logs_request> parse_logs_request(std::string_view body);

// What the autoscaler wrote down about an endpoint: lines, in order, by how much they say.
struct endpoint_logs {
    std::string info0 = {};
    std::string info1 = {};
    std::string trace = {};
    std::string debug = {};
};

[[nodiscard]] std::string to_json(const endpoint_logs& logs);
[[nodiscard]] result<endpoint_logs> parse_endpoint_logs(std::string_view body);

// The last line that tells of an error of that worker, cut where it is long; empty where none does. The form
// of the lines is not documented: one counts that has the worker's number in it and the word error.
[[nodiscard]] std::string error_of(const endpoint_logs& logs, std::int64_t worker);

}  // namespace nullworker::wire
