#pragma once

#include <nullworker/options/command_description.hpp>

namespace nullworker::manual::test {

using namespace options;

// A program that has a bit of everything, and texts that no shell and no roff should see unescaped.
inline command_description toaster() {
    const option_description help{.flags = {"-h", "--help"}, .help = "Print this", .group = "Options"};
    command_description toast{
        .name = "toast",
        .group = "Kitchen",
        .summary = "Make toast",
        .description = "Make toast",
        .footer = "It's hot: 'careful' with \\fingers.\n\nExit codes: those of toaster.",
        .options = {help,
                    {.flags = {"--shade"},
                     .value = {.name = "light|dark", .choices = {"light", "dark"}},
                     .help = "How [brown]: it's a matter of taste",
                     .default_value = "light",
                     .group = "Taste"},
                    {.flags = {"-p", "--plate"},
                     .value = {.name = "DIR", .kind = value_kind::directory},
                     .help = "Where to put it",
                     .group = "Options"},
                    {.flags = {"--token"},
                     .value = {.name = "TEXT"},
                     .help = "Who eats it",
                     .environment = "TOAST_TOKEN",
                     .group = "Options",
                     .required = true}},
        .positionals = {{.value = {.name = "BREAD", .kind = value_kind::file},
                         .help = "A slice",
                         .required = true,
                         .repeated = true}},
        .behind_dashes = {},
        .subcommands = {}};
    command_description watch{.name = "watch",
                              .group = "Safety",
                              .summary = "Watch while a command runs",
                              .description = "Watch while a command runs",
                              .footer = {},
                              .options = {help},
                              .positionals = {},
                              .behind_dashes = "CMD",
                              .subcommands = {}};
    return {.name = "toaster",
            .group = {},
            .summary = "toasts",
            .description = "toaster toasts; `toaster -h` helps.\nIt is…\n\n.Not a macro",
            .footer = {},
            .exit_codes = {{"0", "done"}, {"2", "burnt (smoke, ashes)"}, {"128+N", "ended by signal N"}},
            .options = {help,
                        {.flags = {"--config"},
                         .value = {.name = "FILE", .kind = value_kind::file},
                         .help = "Settings",
                         .default_value = "/etc/toaster.conf",
                         .environment = "TOASTER_CONFIG",
                         .group = "Setup"}},
            .positionals = {},
            .behind_dashes = {},
            .subcommands = {std::move(toast), std::move(watch)}};
}

}  // namespace nullworker::manual::test
