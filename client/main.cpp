#include "command_line.hpp"

#include <nullworker/base/error.hpp>
#include <nullworker/base/printable.hpp>
#include <nullworker/base/program_start.hpp>
#include <nullworker/base/signal_watch.hpp>
#include <terminal/runner.hpp>

#include <csignal>
#include <exception>
#include <iostream>

int main(int argc, char** argv) {
    using namespace nullworker;
    prepare_program();
    std::signal(SIGPIPE, SIG_IGN);  // sessions are ended even when nobody reads what is shown
    disregard_stray_signals();
    try {
        return code_after_output(client::read_command_line(argc, argv)(), "nullworker");
    } catch (const startup_error& e) {
        std::cerr << "nullworker: " << printable(e.what()) << std::endl;
        return client::exit_usage;
    } catch (const std::exception& e) {
        std::cerr << "nullworker: unexpected error, please report it: " << printable(e.what()) << std::endl;
        return client::exit_failed;
    }
}
