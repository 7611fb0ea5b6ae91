#include <fleet/guarded_start.hpp>
#include <nullworker/base/exec_arguments.hpp>
#include <nullworker/base/process.hpp>

#include <csignal>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nullworker::fleet {
namespace {

constexpr int cannot_run = 127;

bool is_program(const std::string& file) {
    struct stat facts {};
    return ::access(file.c_str(), X_OK) == 0 && ::stat(file.c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
}

// The file that `name` stands for, or nothing. Searched for once, and not between fork and exec.
std::string find_program(const std::string& name) {
    if (name.find('/') != std::string::npos)
        return is_program(name) ? name : std::string();
    const char* path = std::getenv("PATH");
    std::string_view rest = path ? path : "/usr/local/bin:/usr/bin:/bin";
    while (!rest.empty()) {
        const auto colon = rest.find(':');
        const auto file = std::string(rest.substr(0, colon)) + "/" + name;
        if (colon != 0 && is_program(file))
            return file;
        rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
    }
    return {};
}

// What a child must have at hand between fork and exec, where nothing may be allocated.
struct launch_plan {
    const char* program;
    char* const* arguments;
    char* const* environment;
    int input;
    int output;   // -1: ours
    pid_t group;  // 0: one of its own
    const guardian& guard;
};

// Async-signal-safe calls only.
[[noreturn]] void become(const launch_plan& plan) noexcept {
    if (::setpgid(0, plan.group) != 0)
        ::_exit(cannot_run);  // its worker is gone already
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number)
        ::sigaction(number, &standard, nullptr);
    if (plan.group == 0 && !plan.guard.announce(::getpid()))
        ::_exit(cannot_run);
    ::dup2(plan.input, STDIN_FILENO);
    if (plan.output >= 0) {
        ::dup2(plan.output, STDOUT_FILENO);
        ::dup2(plan.output, STDERR_FILENO);
    }
    // Sockets of the event loop among them: a worker that kept one would keep its port.
    close_from(STDERR_FILENO + 1);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);  // which the fleet's own program ignores
    ::execve(plan.program, plan.arguments, plan.environment);
    ::_exit(cannot_run);
}

}  // namespace

std::string program_file(const std::string& name, const std::string& what) {
    auto program = find_program(name);
    if (program.empty())
        throw startup_error("cannot run " + what + " '" + name + "': no such program");
    return program;
}

result<guarded_process> start_guarded(const guardian& guard, const guarded_command& command) {
    const descriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    auto arguments = command.arguments;
    auto environment = merged_environment(command.environment);
    const auto argument_pointers = pointers(arguments);
    const auto environment_pointers = pointers(environment);
    const launch_plan plan{command.program.c_str(),
                           argument_pointers.data(),
                           environment_pointers.data(),
                           input.number(),
                           command.output,
                           command.group,
                           guard};

    const auto pid = fork_with_signals_blocked();
    if (!pid)
        return pid.error();
    if (*pid == 0)
        become(plan);
    // Both sides do so: whoever comes first, the group is there when it is signalled.
    const bool has_group = command.group == 0;
    ::setpgid(*pid, has_group ? *pid : command.group);
    auto handle = open_process(*pid);
    if (handle)
        return guarded_process{*pid, std::move(*handle)};
    ::kill(has_group ? -*pid : *pid, SIGKILL);  // nobody would notice its end
    if (has_group)
        guard.forget(*pid);
    reap(*pid);
    return handle.error();
}

}  // namespace nullworker::fleet
