#include <nullworker/base/tidied.hpp>
#include <nullworker/base/url.hpp>
#include <terminal/figures.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <doctor/machine_rules.hpp>
#include <initializer_list>
#include <utility>

namespace nullworker::client {
namespace {

using system = std::chrono::system_clock;

std::string joined(const std::vector<std::string>& parts, const char* between) {
    std::string out;
    for (const auto& part : parts)
        out += (out.empty() ? "" : between) + part;
    return out;
}

std::string number(double value) {
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.6g", value);
    return text.data();
}

bool is_true(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    constexpr std::array words = {"true", "yes", "on", "1"};
    return std::ranges::find(words, text) != words.end();
}

bool is_number(const std::string& text) {
    return !text.empty() && text.size() <= 15 &&
           std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

// ---- What the worker tells ----

finding judge_health(const wire::worker_status& told, double now) {
    finding out{.subject = "health",
                .value = told.health.state + " for " + span_text(now - told.health.since)};
    if (told.health.state == "healthy")
        return out;
    out.how = severity::fail;
    out.reason = joined(told.health.reasons, "; ");
    out.remedy = "mend that; docs/troubleshooting.md has the messages";
    return out;
}

finding judge_readiness(const wire::worker_status& told, double now) {
    if (told.draining)
        return {.how = severity::warn,
                .subject = "ready",
                .value = "about to stop",
                .reason = "it takes no further session"};
    if (told.ready_since)
        return {.subject = "ready", .value = "for " + span_text(now - *told.ready_since)};
    return {.how = severity::warn,
            .subject = "ready",
            .value = "not yet",
            .reason = "nobody can reserve it",
            .remedy = "wait for what health names, or mend it"};
}

finding judge_consumer(const wire::consumer_status& told) {
    finding out{.subject = "consumer", .value = "probe " + told.probe + ", heartbeat " + told.heartbeat};
    const bool broken = told.probe == "unhealthy" || told.heartbeat == "silent" || told.heartbeat == "dead";
    if (!broken)
        return out;
    out.how = severity::warn;
    out.reason = told.probe_failure;
    out.remedy = "look at the consumer and its log";
    return out;
}

// Reports go out every 10 s at least.
constexpr double longest_silence = 60;

finding judge_last_report(const std::optional<wire::accepted_report>& told, double now) {
    finding out{.subject = "last report"};
    if (!told) {
        out.how = severity::fail;
        out.value = "none was accepted";
        out.reason = "the autoscaler knows nothing of this worker";
        out.remedy = "look at REPORT_ADDR and MASTER_TOKEN below";
        return out;
    }
    out.value = "load " + number(told->cur_load) + " of " + number(told->max_perf) + ", accepted " +
                span_text(now - told->accepted_at) + " ago by " + without_secrets(told->address);
    if (now - told->accepted_at > longest_silence) {
        out.how = severity::warn;
        out.reason = "a worker that says nothing is taken for dead";
        out.remedy = "look at REPORT_ADDR below";
    } else if (!told->error_msg.empty()) {
        out.how = severity::warn;
        out.reason = "it reports: " + told->error_msg;
        out.remedy = "a worker that reports an error is restarted or destroyed: mend it";
    }
    return out;
}

finding judge_completions(std::int64_t owed) {
    finding out{.subject = "completions", .value = std::to_string(owed) + " undelivered"};
    if (owed == 0)
        return out;
    out.how = severity::warn;
    out.reason = "the autoscaler counts their load still";
    out.remedy = "they are sent again; look at REPORT_ADDR below";
    return out;
}

// ---- Variables ----

enum class need { required, recommended, optional };

struct variable_rule {
    const char* name;
    need how;
    bool is_secret;
    bool (*is_right)(const std::string&);  // of a value that is set; null: any
    const char* reason;                    // what follows where it is not right, or missing
    const char* remedy;
};

constexpr std::array variable_rules = {
    variable_rule{"PUBLIC_IPADDR", need::required, false, nullptr, "nobody knows where the worker is",
                  "Vast sets it on every instance: is this one, and has this shell its environment?"},
    variable_rule{"CONTAINER_ID", need::required, false, is_number, "reports need the worker's number",
                  "Vast sets it on every instance: is this one, and has this shell its environment?"},
    variable_rule{"MASTER_TOKEN", need::recommended, true, nullptr,
                  "the autoscaler takes no report without it",
                  "Vast sets it on every serverless instance: was this one rented by hand?"},
    variable_rule{"UNSECURED", need::optional, false, [](const std::string& text) { return !is_true(text); },
                  "anybody can reserve this worker, and end its sessions", "unset it, but for debugging"},
    variable_rule{"NULLWORKER_CREATE_AUTH", need::optional, false,
                  [](const std::string& text) { return text != "open"; }, "anybody can reserve this worker",
                  "set it to signed, unless your autoscaler signs differently"},
};

finding judge_variable(const variable_rule& rule, const environment_facts& environment) {
    const auto value = environment.value(rule.name);
    finding out{.subject = rule.name, .value = rule.is_secret ? "set" : value};
    const bool right = !value.empty() && (!rule.is_right || rule.is_right(value));
    if (value.empty())
        out.value = "not set";
    if (right)
        return out;
    out.how = rule.how == need::required ? severity::fail : severity::warn;
    out.reason = rule.reason;
    out.remedy = rule.remedy;
    return out;
}

finding judge_mapping(const environment_facts& environment) {
    const auto port = environment.worker_port();
    const auto name = "VAST_TCP_PORT_" + port;
    const auto value = environment.value(name);
    finding out{.subject = "port mapping",
                .value = value.empty() ? name + " is not set" : port + " is " + value + " outside"};
    if (is_number(value))
        return out;
    out.how = severity::fail;
    out.reason = "nobody knows under which port the worker is reached";
    out.remedy =
        "add port " + port + " (TCP) to Ports of the template, or set WORKER_PORT to one that is there";
    return out;
}

// What the daemon takes in another form than it was written.
std::vector<finding> judge_leftovers(const environment_facts& environment) {
    std::vector<finding> out;
    for (const auto* name :
         {"PUBLIC_IPADDR", "CONTAINER_ID", "MASTER_TOKEN", "REPORT_ADDR", "USE_SSL", "WORKER_PORT"}) {
        const auto found = environment.values.find(name);
        if (found == environment.values.end())
            continue;
        const auto tidy = tidied(found->second);
        if (!tidy.trimmed.empty())
            out.push_back({.how = severity::warn,
                           .subject = name,
                           .value = remark_on(name, tidy),
                           .reason = "other programs may not take it so",
                           .remedy = "write it anew in the template"});
    }
    return out;
}

// ---- Certificate ----

constexpr auto soon = std::chrono::hours(24 * 3);

std::string days_text(system::duration span) {
    return span_text(std::max(seconds(span).count(), 0.0));
}

// ---- Clock ----

constexpr double tolerable_difference = 5;
constexpr double hopeless_difference = 60;

}  // namespace

std::string environment_facts::value(const std::string& name, const std::string& otherwise) const {
    const auto found = values.find(name);
    auto text = found == values.end() ? std::string() : tidied(found->second).text;
    return text.empty() ? otherwise : text;
}

std::vector<finding> judge_worker(const outcome<wire::worker_status>& told, const std::string& place,
                                  double now) {
    if (!told)
        return {{.how = severity::fail,
                 .subject = "nullworkerd",
                 .value = "none answers at " + place + ": " + told.error().message,
                 .remedy = "start it; debug.log and nullworkerd.log in the workspace say why it ended"}};
    const auto& status = *told;
    std::vector<finding> out = {
        {.subject = "nullworkerd",
         .value = status.version + ", worker " + std::to_string(status.container_id) + " at " + status.url}};
    out.push_back(judge_health(status, now));
    out.push_back(judge_readiness(status, now));
    out.push_back({.subject = "session",
                   .value = status.session ? status.session->session_id + ", expires in " +
                                                 span_text(status.session->remaining)
                                           : "none"});
    out.push_back(judge_consumer(status.consumer));
    out.push_back(judge_last_report(status.last_report, now));
    out.push_back(judge_completions(status.undelivered_completions));
    out.push_back(
        {.subject = "public key",
         .value = status.public_key ? "fetched " + span_text(status.public_key->age) + " ago" : "none"});
    return out;
}

std::vector<finding> judge_environment(const environment_facts& environment) {
    std::vector<finding> out = {
        {.subject = "variables",
         .value = environment.process == 0
                      ? std::string("those of this command: no nullworkerd could be asked for its own")
                      : "those of nullworkerd, process " + std::to_string(environment.process)}};
    for (const auto& rule : variable_rules)
        if (rule.how != need::optional || !environment.value(rule.name).empty())
            out.push_back(judge_variable(rule, environment));
    out.push_back(judge_mapping(environment));
    for (auto& each : judge_leftovers(environment))
        out.push_back(std::move(each));
    if (!environment.value("BACKEND").empty() && environment.value("HF_TOKEN").empty())
        out.push_back({.how = severity::warn,
                       .subject = "BACKEND",
                       .value = "set, and HF_TOKEN is not",
                       .reason = "Vast's start script refuses to start so",
                       .remedy = "unset BACKEND, which only Vast's own workers need"});
    return out;
}

std::vector<finding> judge_port(const port_facts& port) {
    finding local{.subject = "public port", .value = "listens"};
    if (!port.is_listening) {
        local.how = severity::fail;
        local.value = "nobody listens";
        local.reason = "clients are refused";
        local.remedy = "with TLS it listens once there is a certificate: see below";
        return {std::move(local)};
    }
    finding outside{.subject = "from outside", .value = port.outside + " leads here"};
    if (!port.trouble.empty()) {
        outside.how = severity::warn;
        outside.value = port.outside + ": " + port.trouble;
        outside.reason = "many networks do not let a machine reach itself by its public address";
        outside.remedy = "try it from elsewhere";
        outside.command = "curl -k " + port.outside;
    }
    return {std::move(local), std::move(outside)};
}

std::vector<finding> judge_certificate(const certificate_facts& certificate, system::time_point now) {
    finding dates{.subject = "certificate", .value = certificate.fault};
    if (!certificate.fault.empty()) {
        dates.how = severity::fail;
        dates.reason = "the public port does not listen without one";
        dates.remedy = "a nullworkerd that runs has one certified, and says why that fails";
        return {std::move(dates)};
    }
    const auto left = certificate.ends.value_or(now) - now;
    dates.value = "valid for " + days_text(left);
    if (left < soon) {
        dates.how = severity::warn;
        dates.reason = "clients refuse it after that";
        dates.remedy = "nullworkerd renews one that has expired";
    }
    finding names{.subject = "its name", .value = "fits the address"};
    if (!certificate.fits) {
        names.how = severity::fail;
        names.value = "it is not for " + certificate.host;
        names.reason = "clients refuse it";
        names.remedy = "remove the pair and restart nullworkerd, which has a new one certified";
    }
    finding chain{.subject = "its chain", .value = "leads to a root that clients trust"};
    if (!certificate.chain) {
        chain.how = severity::warn;
        chain.value = "could not be looked at: Vast's root is out of reach";
        chain.remedy = "is the console within reach?";
    } else if (!certificate.chain->empty()) {
        chain.how = severity::fail;
        chain.value = *certificate.chain;
        chain.reason = "clients refuse it";
        chain.remedy = "remove the pair and restart nullworkerd, which has a new one certified";
    }
    return {std::move(dates), std::move(names), std::move(chain)};
}

finding judge_state_directory(const directory_facts& directory) {
    finding out{.subject = "state directory", .value = directory.path};
    const auto bad = [&out](severity how, std::string value, const char* reason, const char* remedy) {
        out.how = how;
        out.value = std::move(value);
        out.reason = reason;
        out.remedy = remedy;
        return out;
    };
    constexpr std::uint64_t little = 16 * 1024 * 1024;
    constexpr const char* lost = "a crash of nullworkerd loses the session, and the machine stays reserved";
    if (directory.path.empty())
        return bad(severity::warn, "none", lost,
                   "make the folder nullworker in WORKSPACE_DIR, or set NULLWORKER_STATE_DIR");
    if (!directory.trouble.empty())
        return bad(severity::fail, directory.path + ": " + directory.trouble, lost, "look at the disk");
    if (!directory.is_writable)
        return bad(severity::fail, directory.path + " cannot be written", lost,
                   "let the user of nullworkerd write there");
    if (directory.free_bytes && *directory.free_bytes < little)
        return bad(
            severity::warn,
            directory.path + ": " + std::to_string(*directory.free_bytes / 1024 / 1024) + " MiB are free",
            "a full disk keeps no session", "make room, or give the instance more disk");
    if (directory.kept == keeping::memory)
        return bad(severity::warn, directory.path + " is in memory",
                   "it survives a crash of nullworkerd, and no restart of the container",
                   "set NULLWORKER_STATE_DIR to a folder on a disk");
    out.value += directory.kept == keeping::layer ? ", kept over a restart of the container, gone with it"
                                                  : ", kept over a restart";
    return out;
}

std::vector<finding> judge_addresses(const std::vector<address_facts>& addresses) {
    if (addresses.empty())
        return {{.how = severity::fail,
                 .subject = "REPORT_ADDR",
                 .value = "holds no URL",
                 .reason = "the autoscaler hears nothing",
                 .remedy = "set it to https://run.vast.ai, or unset it"}};
    const auto answers = [](const address_facts& one) { return one.status == 200; };
    const bool any = std::ranges::any_of(addresses, answers);
    std::vector<finding> out;
    for (const auto& one : addresses) {
        finding made{.subject = "REPORT_ADDR", .value = one.address};
        if (answers(one)) {
            made.value += " answers in " + number(std::round(one.took.count() * 1000)) + " ms";
        } else {
            made.how = any ? severity::warn : severity::fail;
            made.value += one.status == 0 ? ": " + one.trouble
                                          : " answers /pubkey/ with status " + std::to_string(one.status);
            made.reason = any ? "another address answers in its place"
                              : "the autoscaler hears nothing, and no grant can be checked";
            made.remedy = "look at the network, and at REPORT_ADDR";
        }
        out.push_back(std::move(made));
    }
    return out;
}

finding judge_clock(const std::vector<address_facts>& addresses) {
    finding out{.subject = "clock"};
    const auto told = std::ranges::find_if(addresses, [](const auto& one) { return one.ahead.has_value(); });
    if (told == addresses.end()) {
        out.how = severity::warn;
        out.value = "could not be compared: no address tells the time";
        out.remedy = "look at REPORT_ADDR above";
        return out;
    }
    const auto ahead = told->ahead->count();
    const auto size = std::abs(ahead);
    if (size <= tolerable_difference) {
        out.value = "agrees with the autoscaler's";
        return out;
    }
    out.how = size > hopeless_difference ? severity::fail : severity::warn;
    out.value = span_text(size) + (ahead > 0 ? " behind" : " before") + " the autoscaler's";
    out.reason = "certificates seem invalid, and the times of sessions are wrong";
    out.remedy = "the host sets the clock of a container: take another machine, and tell Vast";
    return out;
}

std::vector<finding> judge_starters(const std::vector<process_facts>& processes) {
    const auto found = starters(processes);
    std::vector<std::string> names;
    names.reserve(found.size());
    for (const auto& one : found)
        names.push_back(name_of(one));
    finding who{.subject = "started by",
                .value = names.empty() ? "nobody that is known here" : joined(names, ", ")};
    if (found.size() > 1) {
        who.how = severity::warn;
        who.reason =
            "they want one port: one waits for ever, or reports an error for which the machine is replaced";
        who.remedy =
            "keep one: set SUPERVISOR_SKIP_PYWORKER=true, keep the word pyworker in the on-start text";
    }
    finding stop{.subject = "a stop",
                 .value = "waits for a job that is protected; a restart of the container does not"};
    const auto supervised = [&](const process_facts& one) {
        const auto role = role_of(one);
        const bool ours = role == process_role::daemon || role == process_role::onstart ||
                          role == process_role::python_worker || role == process_role::start_script;
        return ours && ancestor(one, process_role::supervisor, processes);
    };
    if (std::ranges::any_of(processes, supervised)) {
        stop.how = severity::warn;
        stop.value = "supervisord kills a job 10 s after it was told to stop, unless it says otherwise";
        stop.reason = "a restart of the container kills it, too";
        stop.remedy = "set stopwaitsecs of its program as in deploy/supervisor.conf";
    }
    return {std::move(who), std::move(stop)};
}

}  // namespace nullworker::client
