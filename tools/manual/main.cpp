#include "man_page.hpp"
#include "shell_completion.hpp"

#include <nullworker/app/config.hpp>

#include <command_line.hpp>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

using namespace nullworker;

void write_file(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file << text << std::flush;
    if (!file)
        throw std::runtime_error("cannot write " + path.string());
}

void write_all(const std::filesystem::path& share, const options::command_description& program, int section,
               const std::string& see_also) {
    const auto number = std::to_string(section);
    const manual::page_facts facts{.section = section, .version = NULLWORKER_VERSION, .see_also = {see_also}};
    write_file(share / "man" / ("man" + number) / (program.name + '.' + number),
               manual::man_page(program, facts));
    write_file(share / "bash-completion/completions" / program.name, manual::bash_completion(program));
    write_file(share / "zsh/site-functions" / ('_' + program.name), manual::zsh_completion(program));
}

}  // namespace

// Writes the manual pages and completions of both programs below the folder that is its argument.
int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: nullworker_manuals FOLDER" << std::endl;
        return 2;
    }
    try {
        const auto share = std::filesystem::path(argv[1]) / "share";
        write_all(share, client::describe_command_line(), 1, "nullworkerd(8)");
        write_all(share, app::describe_command_line(), 8, "nullworker(1)");
    } catch (const std::exception& e) {
        std::cerr << "nullworker_manuals: " << e.what() << std::endl;
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
