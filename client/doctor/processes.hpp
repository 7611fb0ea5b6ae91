#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Who runs on a machine, as /proc tells it.
namespace nullworker::client {

struct process_facts {
    std::int64_t id = 0;
    std::int64_t parent = 0;
    std::vector<std::string> words;  // the command line
};

// What a process has to do with the worker.
enum class process_role {
    none,
    daemon,         // nullworkerd
    onstart,        // our onstart.sh, or a template's on-start text, which Vast stores under this name
    start_script,   // Vast's own start script
    python_worker,  // worker.py, or a worker of Vast's framework
    supervisor,     // supervisord
};

[[nodiscard]] process_role role_of(const process_facts& process);

// Those that start a worker or are one, without what was started by another of them.
[[nodiscard]] std::vector<process_facts> starters(const std::vector<process_facts>& all);

// The nearest ancestor with that role; null where there is none.
[[nodiscard]] const process_facts* ancestor(const process_facts& of, process_role wanted,
                                            const std::vector<process_facts>& all);

// "onstart.sh (process 12)".
[[nodiscard]] std::string name_of(const process_facts& process);

using variables = std::map<std::string, std::string>;

// What a process was told: its environment, as /proc has it, and the flags of nullworkerd that stand for a
// variable, which beat that.
[[nodiscard]] variables variables_of(std::string_view environment, const std::vector<std::string>& words);

}  // namespace nullworker::client
