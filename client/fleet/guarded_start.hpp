#pragma once

#include <fleet/guardian.hpp>
#include <nullworker/base/descriptor.hpp>
#include <nullworker/base/error.hpp>

#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

// How a command begins that a guardian knows before it runs.
namespace nullworker::fleet {

// The file that the command's `name` stands for, found in PATH where it has no slash. Throws startup_error
// where there is no such program; `what` is the command's name for people.
[[nodiscard]] std::string program_file(const std::string& name, const std::string& what);

struct guarded_command {
    const std::string& program;                      // the file
    const std::vector<std::string>& arguments;       // its name first
    std::map<std::string, std::string> environment;  // beside ours
    int output = -1;                                 // for standard output and error; -1: ours
    pid_t group = 0;                                 // of another that is guarded; 0: one of its own
};

struct guarded_process {
    pid_t id;
    descriptor handle;  // readable once it has ended (open_process)
};

// Starts it without input, and with no descriptor of ours but the standard ones. It ends with 127 where it
// cannot become the program, or where there is no guardian for its group.
[[nodiscard]] result<guarded_process> start_guarded(const guardian& guard, const guarded_command& command);

}  // namespace nullworker::fleet
