#include "fuzz_target.hpp"

#include <nullworker/net/http_date.hpp>
#include <nullworker/net/message.hpp>
#include <nullworker/wire/account.hpp>

#include <chrono>
#include <string>

// What the console and the autoscaler tell the owner of an endpoint.
namespace nullworker::fuzz {
namespace {

// What `parse` makes of the input prints as a text that parses, and prints as itself again.
template <class T>
void try_answer(std::string_view input, result<T> (*parse)(std::string_view),
                std::string (*print)(const T&)) {
    const auto told = parse(input);
    if (!told)
        return;
    const auto printed = print(*told);
    const auto again = parse(printed);
    require(again.has_value(), "what is printed parses");
    require(print(*again) == printed, "what is printed is printed the same again");
}

}  // namespace

FUZZ_TARGET(account, 50) {
    try_answer<std::vector<wire::workergroup_info>>(input, wire::parse_workergroups, wire::workergroup_list);
    try_answer<wire::workergroup_change>(input, wire::parse_workergroup_change, wire::to_json);
    try_answer<wire::account_info>(input, wire::parse_account, wire::to_json);
    try_answer<std::vector<wire::instance_info>>(input, wire::parse_instances, wire::instance_list);
    try_answer<wire::logs_request>(input, wire::parse_logs_request, wire::to_json);
    try_answer<wire::endpoint_logs>(input, wire::parse_endpoint_logs, wire::to_json);
    const wire::endpoint_logs raw{.info0 = std::string(input)};
    const auto line = wire::error_of(raw, 1);
    require(line.size() <= 300 && line.find('\n') == std::string::npos, "an error is one short line");
    require(raw.info0.find(line) != std::string::npos, "and a part of the log");
    net::reply refused{.status = 429, .body = {}};
    refused.headers.emplace_back("Retry-After", std::string(input));
    refused.headers.emplace_back("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
    const auto pause = net::wished_pause(refused);
    require(pause >= std::chrono::seconds(0) && pause <= std::chrono::hours(24),
            "a pause is of a day at most");
    if (const auto date = net::parse_http_date(input))
        require(net::parse_http_date(net::http_date(*date)) == date, "a date survives being written");
}

}  // namespace nullworker::fuzz
