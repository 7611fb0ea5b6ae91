// Counts the instructions of each operation with callgrind, and compares them with a file.
#include "operations.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include <gnu/libc-version.h>

namespace {

using namespace nullworker::bench;
using json = nlohmann::ordered_json;

constexpr int exit_exceeded = 1;
constexpr int exit_failed = 2;
constexpr int exit_other_tools = 77;  // as CTest and scripts/test know what was skipped
constexpr int times = 100;
constexpr double growth_allowed = 1.10;
constexpr double shrinkage_worth_a_word = 0.90;

// What decides how many instructions the same source is.
json tools() {
    return {{"compiler", __VERSION__}, {"libc", ::gnu_get_libc_version()}};
}

}  // namespace

// What callgrind looks out for, by this name: see count_all. Everything else in the process is not counted.
extern "C" [[gnu::noinline]] void counted_operation(const operation& what) {
    for (int i = 0; i < times; ++i)
        what.once();
}

namespace {

// Under callgrind: each operation once as a warm-up, which is not counted, and then counted.
int perform_all() {
    for (const auto& each : all_operations()) {
        each.once();
        counted_operation(each);
        std::cout << each.name << std::endl;
    }
    return EXIT_SUCCESS;
}

double total_of(const std::filesystem::path& dump) {
    std::ifstream lines(dump);
    constexpr std::string_view totals = "totals: ";
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(totals))
            return std::strtod(line.c_str() + totals.size(), nullptr);
    throw std::runtime_error("callgrind wrote no totals into " + dump.string());
}

// A new directory, gone at the end.
struct scratch_directory {
    std::string path = (std::filesystem::temp_directory_path() / "nullworker-budget-XXXXXX").string();

    scratch_directory() {
        if (!::mkdtemp(path.data()))
            throw std::runtime_error("no temporary directory");
    }
    ~scratch_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;
};

// Callgrind writes a file each time the function above returns, and begins anew.
std::map<std::string, double> count_all() {
    const scratch_directory scratch;
    const auto file = scratch.path + "/counts";
    const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
    const auto command =
        "valgrind --quiet --tool=callgrind --zero-before=counted_operation --dump-after=counted_operation "
        "--callgrind-out-file=" +
        file + " '" + self + "' --perform";
    FILE* names = ::popen(command.c_str(), "r");
    if (!names)
        throw std::runtime_error("no process for valgrind");
    std::map<std::string, double> out;
    char line[128];
    for (int number = 1; std::fgets(line, sizeof line, names); ++number) {
        std::string name = line;
        name.pop_back();  // the line's end
        out[name] = total_of(file + "." + std::to_string(number)) / times;
    }
    if (::pclose(names) != 0 || out.empty())
        throw std::runtime_error("valgrind failed; is it installed?");
    return out;
}

int renew(const std::string& file) {
    json budget = tools();
    for (const auto& [name, count] : count_all())
        budget["instructions"][name] = static_cast<std::int64_t>(count);
    if (!(std::ofstream(file) << budget.dump(2) << '\n'))
        throw std::runtime_error("cannot write " + file);
    std::cout << budget.dump(2) << std::endl;
    return EXIT_SUCCESS;
}

// Prints how an operation stands; whether it is within its budget.
bool judge(const std::string& name, double count, double allowed) {
    const double change = count / allowed;
    const bool exceeds = change > growth_allowed;
    const char* remark = exceeds                           ? "  EXCEEDED"
                         : change < shrinkage_worth_a_word ? "  (less: renew the budget)"
                                                           : "";
    std::printf("%-20s %12.0f %12.0f %+6.1f %%%s\n", name.c_str(), count, allowed, (change - 1) * 100,
                remark);
    return !exceeds;
}

int compare(const std::string& file) {
    std::ifstream text(file);
    const auto budget = json::parse(text);
    const auto here = tools();
    for (const auto& [tool, version] : here.items())
        if (budget.at(tool) != version) {
            std::cout << "skipped: " << file << " was made with " << tool << " " << budget.at(tool)
                      << ", and this is " << version << std::endl;
            return exit_other_tools;
        }
    const auto counts = count_all();
    const auto& allowed = budget.at("instructions");
    bool good = true;
    std::printf("%-20s %12s %12s\n", "", "instructions", "budget");
    for (const auto& [name, count] : counts) {
        const bool is_known = allowed.contains(name);
        if (!is_known)
            std::printf("%-20s %12.0f, and there is no budget for it\n", name.c_str(), count);
        good = is_known && judge(name, count, allowed.at(name).get<double>()) && good;
    }
    if (!good)
        std::cout << "more than 10 % above " << file
                  << "; where that is wanted: scripts/bench --renew-budget, and say why in the commit"
                  << std::endl;
    return good ? EXIT_SUCCESS : exit_exceeded;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc > 1 ? argv[1] : "";
    try {
        if (what == "--perform")
            return perform_all();
        if (argc == 3 && what == "--renew")
            return renew(argv[2]);
        if (argc == 3 && what == "--check")
            return compare(argv[2]);
        std::cerr << "usage: nullworker_budget --check FILE | --renew FILE" << std::endl;
    } catch (const std::exception& e) {
        std::cerr << "nullworker_budget: " << e.what() << std::endl;
    }
    return exit_failed;
}
