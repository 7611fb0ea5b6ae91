#include <commands/control_options.hpp>
#include <nullworker/base/environment.hpp>
#include <nullworker/base/error.hpp>

#include <iostream>

namespace nullworker::client {
namespace {

// The variables of port and socket are read by hand: a flag for the one beats the variable for the other.
options::option port_row(control_place& to) {
    return {.name = "control-port",
            .variable = "NULL_CONTROL_PORT",
            .read_by = options::variable_reader::program,
            .target = &to.port,
            .least = 1,
            .most = 65535,
            .help = "Control port of the nullworkerd on this machine"};
}

options::option socket_row(control_place& to) {
    return {.name = "control-socket",
            .variable = "NULLWORKER_CONTROL_SOCKET",
            .read_by = options::variable_reader::program,
            .target = &to.socket,
            .kind = options::value_kind::file,
            .help = "Its Unix socket, asked instead of the port"};
}

}  // namespace

std::vector<options::option> control_place_rows(control_place& to) {
    return {port_row(to), socket_row(to)};
}

void read_control_place(const options::reading& found, control_place& to) {
    if (found.by_flag("control-port") || found.by_flag("control-socket"))
        return;
    const auto by_port = port_row(to);
    to.socket = path_in_environment(socket_row(to).variable);
    const char* set = environment(by_port.variable);
    if (!to.socket.empty() || !set)
        return;
    const auto port = tidied_for(by_port, set);
    if (!port.trimmed.empty())
        std::cerr << "nullworker: " << remark_on(by_port.variable, port) << '\n';
    if (!port.text.empty() && assign(by_port, port.text))
        throw startup_error(by_port.variable + " is '" + port.text + "'; it must be a port, 1 to 65535");
}

std::map<std::string, std::string> variables_of(const control_place& where) {
    control_place named = where;
    return {{port_row(named).variable, std::to_string(where.port)},
            {socket_row(named).variable, where.socket}};
}

}  // namespace nullworker::client
