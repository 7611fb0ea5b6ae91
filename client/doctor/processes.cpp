#include <algorithm>
#include <array>
#include <cstddef>
#include <doctor/processes.hpp>
#include <utility>

namespace nullworker::client {
namespace {

std::string_view last_part(std::string_view path) {
    return path.substr(path.find_last_of('/') + 1);
}

bool is_shell(std::string_view program) {
    constexpr std::array shells = {"sh", "bash", "dash", "ash", "busybox", "-sh", "-bash"};
    return std::ranges::find(shells, program) != shells.end();
}

bool is_python(std::string_view program) {
    return program.starts_with("python");
}

// What an interpreter runs: its first word that is no option; a module behind -m.
std::string_view script_of(const std::vector<std::string>& words) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i] == "-m")
            return i + 1 < words.size() ? std::string_view(words[i + 1]) : std::string_view();
        if (words[i] == "-c")
            return {};
        if (!words[i].starts_with('-') && words[i] != "sh" && words[i] != "ash")  // of busybox
            return words[i];
    }
    return {};
}

bool is_worker_module(std::string_view script) {
    const auto name = last_part(script);
    return name == "worker.py" || script == "worker" ||
           (script.starts_with("workers.") && (script.ends_with(".worker") || script.ends_with(".server")));
}

struct script_role {
    const char* name;
    process_role role;
};

constexpr std::array shell_scripts = {script_role{"onstart.sh", process_role::onstart},
                                      script_role{"start_server.sh", process_role::start_script}};

bool is_starter(process_role role) {
    return role == process_role::onstart || role == process_role::start_script ||
           role == process_role::python_worker;
}

const process_facts* find(std::int64_t id, const std::vector<process_facts>& all) {
    const auto found = std::ranges::find(all, id, &process_facts::id);
    return found == all.end() ? nullptr : &*found;
}

// Calls `visit` with each ancestor until it returns false. What /proc told may have changed under way: there
// can be circles in it.
template <class Visit>
void climb(const process_facts& from, const std::vector<process_facts>& all, Visit visit) {
    const auto* here = find(from.parent, all);
    for (std::size_t steps = 0; here && steps < all.size(); ++steps) {
        if (!visit(*here))
            return;
        here = find(here->parent, all);
    }
}

struct flag_variable {
    const char* flag;
    const char* variable;
};

// The flags of nullworkerd that matter here. That of the public port depends on another variable.
constexpr std::array flag_variables = {
    flag_variable{"worker-port", "WORKER_PORT"},
    flag_variable{"public-address", "PUBLIC_IPADDR"},
    flag_variable{"container-id", "CONTAINER_ID"},
    flag_variable{"report-address", "REPORT_ADDR"},
    flag_variable{"master-token", "MASTER_TOKEN"},
    flag_variable{"use-ssl", "USE_SSL"},
    flag_variable{"unsecured", "UNSECURED"},
    flag_variable{"control-port", "NULL_CONTROL_PORT"},
    flag_variable{"control-socket", "NULLWORKER_CONTROL_SOCKET"},
    flag_variable{"tls-certificate", "NULLWORKER_TLS_CERTIFICATE"},
    flag_variable{"tls-key", "NULLWORKER_TLS_KEY"},
    flag_variable{"console-url", "NULLWORKER_CONSOLE_URL"},
    flag_variable{"create-auth", "NULLWORKER_CREATE_AUTH"},
    flag_variable{"state-dir", "NULLWORKER_STATE_DIR"},
};

// The value of a flag in a command line: "--flag value", "--flag=value", or "--flag" of a switch.
std::optional<std::string> flag_value(const std::string& flag, const std::vector<std::string>& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i].starts_with("--" + flag + '='))
            return words[i].substr(flag.size() + 3);
        if (words[i] == "--" + flag)
            return i + 1 < words.size() && !words[i + 1].starts_with("--") ? words[i + 1] : "true";
    }
    return std::nullopt;
}

}  // namespace

process_role role_of(const process_facts& process) {
    if (process.words.empty())
        return process_role::none;
    const auto program = last_part(process.words.front());
    const auto script = script_of(process.words);
    if (program == "nullworkerd")
        return process_role::daemon;
    if (program == "supervisord" || (is_python(program) && last_part(script) == "supervisord"))
        return process_role::supervisor;
    if (is_python(program) && is_worker_module(script))
        return process_role::python_worker;
    if (is_shell(program))
        for (const auto& known : shell_scripts)
            if (last_part(script) == known.name)
                return known.role;
    return process_role::none;
}

std::vector<process_facts> starters(const std::vector<process_facts>& all) {
    std::vector<process_facts> out;
    for (const auto& one : all) {
        if (!is_starter(role_of(one)))
            continue;
        bool is_first = true;
        climb(one, all, [&](const process_facts& above) { return is_first = !is_starter(role_of(above)); });
        if (is_first)
            out.push_back(one);
    }
    return out;
}

const process_facts* ancestor(const process_facts& of, process_role wanted,
                              const std::vector<process_facts>& all) {
    const process_facts* found = nullptr;
    climb(of, all, [&](const process_facts& above) {
        if (role_of(above) == wanted)
            found = &above;
        return !found;
    });
    return found;
}

std::string name_of(const process_facts& process) {
    auto name = last_part(process.words.empty() ? std::string_view("?") : process.words.front());
    const auto script = script_of(process.words);
    if ((is_shell(name) || is_python(name)) && !script.empty())
        name = last_part(script);
    return std::string(name) + " (process " + std::to_string(process.id) + ')';
}

variables variables_of(std::string_view environment, const std::vector<std::string>& words) {
    variables out;
    while (!environment.empty()) {
        const auto end = std::min(environment.find('\0'), environment.size());
        const auto entry = environment.substr(0, end);
        if (const auto equals = entry.find('='); equals != std::string_view::npos)
            out.emplace(entry.substr(0, equals), entry.substr(equals + 1));
        environment.remove_prefix(std::min(end + 1, environment.size()));
    }
    for (const auto& [flag, variable] : flag_variables)
        if (auto value = flag_value(flag, words))
            out[variable] = std::move(*value);
    if (auto port = flag_value("public-port", words)) {
        const auto worker = out.find("WORKER_PORT");
        out["VAST_TCP_PORT_" + (worker == out.end() ? "3000" : worker->second)] = std::move(*port);
    }
    return out;
}

}  // namespace nullworker::client
