#include <nullworker/options/nearest.hpp>
#include <vast/refusal.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <doctor/endpoint_rules.hpp>
#include <utility>

namespace nullworker::client {
namespace {

// Below this the account is soon empty; Vast stops the machines of an account without credit.
constexpr double low_credit = 5;

constexpr std::size_t most_names = 3;
constexpr std::size_t most_known = 10;

// What is told of workers that are in error, one by one.
constexpr std::size_t most_errors = 10;

std::string listed(const std::vector<std::string>& names, std::size_t most) {
    std::string out;
    for (std::size_t i = 0; i < names.size() && i < most; ++i)
        out += (out.empty() ? "" : ", ") + names[i];
    return names.size() > most ? out + " and " + std::to_string(names.size() - most) + " more" : out;
}

std::string dollars(double amount) {
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.2f $", amount);
    return text.data();
}

std::string milliseconds(seconds span) {
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.0f ms", span.count() * 1000);
    return text.data();
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

// Nothing to be told of what the key may not see.
finding unseen(std::string subject, const failure& why) {
    return {.how = severity::warn,
            .subject = std::move(subject),
            .value = why.message,
            .reason = "it was not looked at",
            .remedy = is_key_refused(why) ? "use a key that may read it" : "try again"};
}

bool belongs(const wire::workergroup_info& group, const wire::endpoint_info& endpoint) {
    return group.endpoint_id != 0 ? group.endpoint_id == endpoint.id
                                  : group.endpoint_name == endpoint.endpoint_name;
}

// Machines that a workergroup starts on its own account.
finding judge_extra(const wire::workergroup_info& group, const wire::endpoint_info& endpoint,
                    const char* parameter, std::int64_t value, std::int64_t right, const char* reason) {
    finding out{.subject = parameter,
                .value = std::to_string(value),
                .wanted = std::to_string(right),
                .reason = reason};
    if (value > right) {
        out.how = severity::warn;
        out.command = "vastai update workergroup " + std::to_string(group.id) + " --endpoint_id " +
                      std::to_string(endpoint.id) + " --" + parameter + ' ' + std::to_string(right);
    }
    return out;
}

std::string counted(const std::map<std::string, int>& states) {
    std::string out;
    for (const auto& [state, count] : states)
        out += (out.empty() ? "" : ", ") + std::to_string(count) + ' ' + state;
    return out.empty() ? "none" : out;
}

}  // namespace

finding judge_key(const outcome<std::vector<wire::endpoint_info>>& endpoints, const std::string& console) {
    if (endpoints)
        return {.subject = "key", .value = "accepted by " + console};
    const auto& why = endpoints.error();
    if (is_key_refused(why))
        return {.how = severity::fail,
                .subject = "key",
                .value = why.message,
                .remedy = "set VAST_API_KEY to a key of the account that owns the endpoint"};
    return {.how = severity::fail,
            .subject = "console",
            .value = why.message,
            .remedy = "look at the network, and at --console-url and --instance"};
}

const wire::endpoint_info* endpoint_named(const std::string& name,
                                          const std::vector<wire::endpoint_info>& all) {
    const auto found = std::ranges::find(all, name, &wire::endpoint_info::endpoint_name);
    return found == all.end() ? nullptr : &*found;
}

finding unknown_endpoint(const std::string& name, const std::vector<wire::endpoint_info>& all) {
    std::vector<std::string> known;
    known.reserve(all.size());
    for (const auto& one : all)
        known.push_back(one.endpoint_name);
    finding out{.how = severity::fail, .subject = "endpoint", .value = "there is no '" + name + "'"};
    const auto near = options::closest(name, known, most_names);
    if (!near.empty())
        out.remedy = "did you mean " + listed(near, most_names) + "?";
    else if (!known.empty())
        out.remedy = "this account has " + listed(known, most_known);
    else
        out.remedy = "this account has none; deploy/template.md says how to make one";
    return out;
}

finding judge_state(const wire::endpoint_info& endpoint) {
    finding out{.subject = "endpoint",
                .value = endpoint.endpoint_name + ", id " + std::to_string(endpoint.id) + ", " +
                         endpoint.endpoint_state};
    if (endpoint.endpoint_state == "active")
        return out;
    out.how = severity::fail;
    out.wanted = "active";
    out.reason = "no machine is started for it";
    out.command = "vastai update endpoint " + std::to_string(endpoint.id) + " --endpoint_state active";
    return out;
}

std::vector<finding> judge_workergroups(const wire::endpoint_info& endpoint,
                                        const outcome<std::vector<wire::workergroup_info>>& all) {
    if (!all)
        return {unseen("workergroup", all.error())};
    std::vector<finding> out;
    for (const auto& group : *all) {
        if (!belongs(group, endpoint))
            continue;
        const auto hash = group.template_hash.empty() ? "" : ", template " + group.template_hash;
        out.push_back({.subject = "workergroup", .value = "id " + std::to_string(group.id) + hash});
        if (group.test_workers)
            out.push_back(judge_extra(group, endpoint, "test_workers", *group.test_workers, 1,
                                      "so many machines are started at first, and paid for"));
        if (group.cold_workers && *group.cold_workers > 0)
            out.push_back(
                judge_extra(group, endpoint, "cold_workers", *group.cold_workers, 0,
                            "of the workergroup: so many machines are kept while nothing is reserved"));
    }
    if (out.empty())
        out.push_back({.how = severity::fail,
                       .subject = "workergroup",
                       .value = "the endpoint has none",
                       .reason = "it is not known what machines to rent",
                       .command = "vastai create workergroup --endpoint_id " + std::to_string(endpoint.id) +
                                  " --test_workers 1 --template_hash HASH"});
    return out;
}

finding judge_credit(const outcome<wire::account_info>& account) {
    if (!account)
        return unseen("credit", account.error());
    const auto amount = account->credit ? account->credit : account->balance;
    if (!amount)
        return unseen("credit", failure{"the console does not tell it"});
    finding out{.subject = "credit", .value = dollars(*amount)};
    if (*amount >= low_credit)
        return out;
    out.how = severity::warn;
    out.reason = "an account without credit has no machines, whatever runs there";
    out.remedy = "add credit";
    return out;
}

finding judge_route(const outcome<route_answer>& answer, const std::string& autoscaler) {
    finding out{.subject = "/route/"};
    constexpr unsigned not_found = 404;
    const bool answers = answer && answer->status < 500 && (answer->status < 300 || answer->status >= 400) &&
                         (answer->status != not_found || answer->is_json);
    if (answers) {
        out.value = autoscaler + " answers in " + milliseconds(answer->took);
        return out;
    }
    out.how = severity::fail;
    out.value = answer ? autoscaler + " answers with status " + std::to_string(answer->status)
                       : answer.error().message;
    out.reason = "nobody can reserve a worker";
    out.remedy = "look at the network, and at --autoscaler-url and --instance";
    return out;
}

bool is_in_error(const wire::worker_info& worker) {
    return lower(worker.status).find("error") != std::string::npos;
}

std::vector<finding> judge_workers(const wire::endpoint_info& endpoint,
                                   const outcome<std::vector<wire::worker_info>>& workers,
                                   const outcome<wire::endpoint_logs>& logs) {
    if (!workers)
        return {unseen("workers", workers.error())};
    std::map<std::string, int> states;
    std::vector<finding> errors;
    std::size_t broken = 0;
    for (const auto& worker : *workers) {
        ++states[worker.status];
        if (!is_in_error(worker) || ++broken > most_errors)
            continue;
        auto why = logs ? wire::error_of(*logs, worker.id) : std::string();
        if (why.empty())
            why = "the endpoint's log does not say why";
        errors.push_back({.how = severity::warn,
                          .subject = "worker " + std::to_string(worker.id),
                          .value = why,
                          .reason = "a worker in error is restarted or destroyed",
                          .remedy = "look it up at the end of deploy/template.md",
                          .command = "vastai get endpt-logs " + std::to_string(endpoint.id) + " --level 0"});
    }
    std::vector<finding> out = {{.subject = "workers", .value = counted(states)}};
    if (broken > 0 && broken == workers->size()) {
        out.front().how = severity::fail;
        out.front().reason = "all that there are are in error";
        out.front().remedy = "mend what the lines below say";
    }
    for (auto& each : errors)
        out.push_back(std::move(each));
    return out;
}

}  // namespace nullworker::client
