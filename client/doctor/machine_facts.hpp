#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/wire/control_messages.hpp>
#include <vast/failure.hpp>

#include <chrono>
#include <cstdint>
#include <doctor/processes.hpp>
#include <optional>
#include <string>
#include <vector>

// What was learnt of a machine and the worker on it.
namespace nullworker::client {

// Where the variables were found that the worker has, or would have.
struct environment_facts {
    variables values;
    std::int64_t process = 0;  // the nullworkerd that has them; 0: they are our own

    // The value without what was left around it; empty where it is not set.
    [[nodiscard]] std::string value(const std::string& name, const std::string& otherwise = {}) const;

    // WORKER_PORT, as it is written.
    [[nodiscard]] std::string worker_port() const { return value("WORKER_PORT", "3000"); }
};

// One address of REPORT_ADDR.
struct address_facts {
    std::string address;       // without secrets
    unsigned status = 0;       // of the answer; 0: there was none
    std::string trouble = {};  // why there was none
    seconds took{};
    std::optional<seconds> ahead = {};  // its clock before ours; nothing where it does not tell the time
};

struct certificate_facts {
    std::string fault = {};  // why the pair is of no use; empty: it is of use
    std::optional<std::chrono::system_clock::time_point> ends = {};
    std::string host = {};  // where clients find the worker
    bool fits = true;       // the certificate is for that host
    // Why clients do not trust who vouches for it; empty: they do; nothing: it could not be told.
    std::optional<std::string> chain = {};
};

// How long what is in a directory stays.
enum class keeping {
    disk,    // also when the container is made anew
    layer,   // while the container exists, over restarts
    memory,  // not over a restart
};

struct directory_facts {
    std::string path;  // empty: there is none
    std::string trouble = {};
    bool is_writable = true;
    keeping kept = keeping::disk;
    std::optional<std::uint64_t> free_bytes = {};
};

struct port_facts {
    bool is_listening = true;
    std::string outside;       // where clients find it
    std::string trouble = {};  // why that leads nowhere from here; empty: it leads somewhere
};

}  // namespace nullworker::client
