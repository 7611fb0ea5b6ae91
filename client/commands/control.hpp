#pragma once

#include <cstdint>
#include <optional>
#include <string>

// What a consumer's shell script, or an operator, asks the nullworkerd on this machine. Each returns the exit
// code.
namespace nullworker::client {

// The worker refused, or what was asked for is not so.
inline constexpr int exit_refused = 1;

// No nullworkerd answers.
inline constexpr int exit_unreachable = 3;

struct control_options {
    std::uint16_t port = 18999;
    std::string socket;  // of a Unix socket that serves the same; empty: the port
    bool json = false;   // print the answer as it came
    std::string field;   // print this member of it alone, "health.state"; empty: all
};

struct wait_options : control_options {
    std::int64_t since = 0;         // the generation that the caller has seen
    std::optional<double> timeout;  // s; nothing: for ever
};

struct claim_options : control_options {
    std::string session_id;  // who the caller thinks holds the slot; empty: whoever does
};

struct renew_options : claim_options {
    double lifetime = 0;  // s from now
};

int run_status(const control_options& options);
int run_session(const control_options& options);
int run_wait(const wait_options& options);
int run_renew(const renew_options& options);
int run_release(const claim_options& options);
int run_heartbeat(const control_options& options);

}  // namespace nullworker::client
