#include "tolerant.hpp"

#include <nullworker/wire/account.hpp>

#include <algorithm>
#include <cctype>
#include <utility>

namespace nullworker::wire {

NULLWORKER_MESSAGE(workergroup_info, id, endpoint_id, endpoint_name, template_hash, test_workers,
                   cold_workers)
NULLWORKER_MESSAGE(workergroup_change, test_workers, cold_workers)
NULLWORKER_MESSAGE(account_info, credit, balance)
NULLWORKER_MESSAGE(instance_info, id, dph_total)
NULLWORKER_MESSAGE(logs_request, id, api_key, tail)
NULLWORKER_MESSAGE(endpoint_logs, info0, info1, trace, debug)

namespace {

constexpr std::size_t longest_line = 300;

struct workergroup_results {
    std::vector<workergroup_info> results;
};

void from_json(const nlohmann::json& document, workergroup_results& out) {
    out.results = read_list<workergroup_info>(document.at("results"), {"endpoint_name", "template_hash"});
}

struct told_instances {
    std::vector<instance_info> instances;
};

void from_json(const nlohmann::json& document, told_instances& out) {
    out.instances = read_list<instance_info>(document.at("instances"), {});
}

struct told_account {
    account_info account;
};

void from_json(const nlohmann::json& document, told_account& out) {
    out.account = tolerant(document, {}).get<account_info>();
}

struct told_logs {
    endpoint_logs logs;
};

void from_json(const nlohmann::json& document, told_logs& out) {
    out.logs = tolerant(document, {"info0", "info1", "trace", "debug"}).get<endpoint_logs>();
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Whether `number` stands in `line`, and is no part of a longer one.
bool names(std::string_view line, const std::string& number) {
    for (auto at = line.find(number); at != std::string_view::npos; at = line.find(number, at + 1)) {
        const auto behind = at + number.size();
        const bool begins = at == 0 || !is_digit(line[at - 1]);
        if (begins && (behind == line.size() || !is_digit(line[behind])))
            return true;
    }
    return false;
}

bool tells_of_error(std::string_view line) {
    constexpr std::string_view word = "error";
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    return std::search(line.begin(), line.end(), word.begin(), word.end(), same) != line.end();
}

std::string last_error_in(std::string_view text, const std::string& worker) {
    while (!text.empty()) {
        const auto end = text.find_last_of('\n');
        const auto line = end == std::string_view::npos ? text : text.substr(end + 1);
        if (tells_of_error(line) && names(line, worker))
            return std::string(line.substr(0, longest_line));
        text = end == std::string_view::npos ? std::string_view() : text.substr(0, end);
    }
    return {};
}

}  // namespace

std::string workergroup_list(const std::vector<workergroup_info>& groups) {
    return compact({{"success", true}, {"results", groups}});
}

result<std::vector<workergroup_info>> parse_workergroups(std::string_view body) {
    auto told = read_message<workergroup_results>(body);
    if (!told)
        return told.error();
    return std::move(told->results);
}

std::string to_json(const workergroup_change& change) {
    return compact(change);
}

result<workergroup_change> parse_workergroup_change(std::string_view body) {
    return read_message<workergroup_change>(body);
}

std::string to_json(const account_info& account) {
    return compact(account);
}

result<account_info> parse_account(std::string_view body) {
    const auto told = read_message<told_account>(body);
    if (!told)
        return told.error();
    return told->account;
}

std::string instance_list(const std::vector<instance_info>& instances) {
    return compact({{"instances_found", instances.size()}, {"instances", instances}});
}

result<std::vector<instance_info>> parse_instances(std::string_view body) {
    auto told = read_message<told_instances>(body);
    if (!told)
        return told.error();
    return std::move(told->instances);
}

std::string to_json(const logs_request& request) {
    return compact(request);
}

result<logs_request> parse_logs_request(std::string_view body) {
    return read_message<logs_request>(body);
}

std::string to_json(const endpoint_logs& logs) {
    return compact(logs);
}

result<endpoint_logs> parse_endpoint_logs(std::string_view body) {
    auto told = read_message<told_logs>(body);
    if (!told)
        return told.error();
    return std::move(told->logs);
}

std::string error_of(const endpoint_logs& logs, std::int64_t worker) {
    const auto number = std::to_string(worker);
    for (const auto* log : {&logs.info0, &logs.info1, &logs.trace, &logs.debug})
        if (auto line = last_error_in(*log, number); !line.empty())
            return line;
    return {};
}

}  // namespace nullworker::wire
