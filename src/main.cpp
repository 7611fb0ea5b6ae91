#include <nullworker/app/config.hpp>
#include <nullworker/app/process.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/base/printable.hpp>
#include <nullworker/base/program_start.hpp>
#include <nullworker/base/signal_watch.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <variant>

namespace {

using namespace nullworker;

// In the form of the log, where that is for programs.
void tell_of_failure(const std::optional<app::settings>& config, const std::string& why) {
    if (config && config->log_format == log::form::json) {
        log::set_form(config->log_format, config->container_id);
        log::set_level(std::min(config->log_level, log::level::error));
        log::error("cannot_start", {{"error", why}});
    } else {
        std::cerr << "nullworkerd: " << printable(why) << std::endl;
    }
}

}  // namespace

int main(int argc, char** argv) {
    constexpr int exit_cannot_start = 2;
    constexpr const char* is_second_text =
        " (a nullworkerd of this container runs already, so the autoscaler is not told)";
    prepare_program();
    std::signal(SIGPIPE, SIG_IGN);  // a log that nobody reads any more is no reason to end
    disregard_stray_signals();
    std::optional<app::settings> config;
    try {
        auto wanted = app::read_config(argc, argv);
        if (const auto* text = std::get_if<app::print_and_exit>(&wanted)) {
            std::cout << text->text;
            return code_after_output(EXIT_SUCCESS, "nullworkerd");
        }
        config = std::get<app::settings>(std::move(wanted));
        log::set_form(config->log_format, config->container_id);
        log::set_level(config->log_level);
        for (const auto& remark : config->remarks)
            log::warning("setting_trimmed", {{"remark", remark}});
        return app::run_daemon(*config);
    } catch (const startup_error& e) {
        if (const auto* wrong = dynamic_cast<const app::config_error*>(&e))
            config = wrong->known();
        const bool is_second = config && app::runs_already(*config);
        tell_of_failure(config, e.what() + std::string(is_second ? is_second_text : ""));
        if (config && !is_second && !dynamic_cast<const already_running*>(&e))
            app::report_startup_error(*config, printable(e.what()));
        return exit_cannot_start;
    } catch (const std::exception& e) {
        std::cerr << "nullworkerd: unexpected error, please report it: " << printable(e.what()) << std::endl;
        return EXIT_FAILURE;
    }
}
