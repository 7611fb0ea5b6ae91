#include "results.hpp"

#include <boost/version.hpp>
#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <thread>

#include <sys/utsname.h>

namespace nullworker::bench {
namespace {

using json = nlohmann::ordered_json;

// Columns are counted in characters, of which "≥" is one and takes three bytes.
std::string column(const std::string& text, int width) {
    int characters = 0;
    for (const char c : text)
        if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80U)
            ++characters;
    const std::string gap(static_cast<std::size_t>(std::max(0, std::abs(width) - characters)), ' ');
    return width < 0 ? text + gap : gap + text;
}

std::string number(double value) {
    char text[64];
    const int digits = value < 10 ? 2 : value < 100 ? 1 : 0;
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

std::string figure(const notebook& book, const row& of, side who) {
    const auto value = book.value(of.name, who);
    return value ? number(*value) : "-";
}

bool is_measured(const notebook& book, const row& of) {
    for (const side who : all_sides)
        if (!book.runs(of.name, who).empty())
            return true;
    return false;
}

// "≥ 0.50 of nginx" and what ours reach of it.
std::string judgement(const notebook& book, const row& of, const target& wanted) {
    std::string reached;
    bool missed = false;
    for (const side who : ours)
        if (const auto found = judge(book, of, wanted, who)) {
            if (wanted.of)
                reached += (reached.empty() ? ": " : ", ") + number(found->value);
            missed = missed || !found->met;
        }
    if (wanted.of && reached.empty())
        return {};
    return to_text(wanted, of.unit) + reached + (missed ? " MISSED" : "");
}

std::string first_line_of(const std::string& command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen((command + " 2>&1").c_str(), "r"), &::pclose);
    std::array<char, 256> line{};
    if (!pipe || !std::fgets(line.data(), line.size(), pipe.get()))
        return "unknown";
    std::string out = line.data();
    while (!out.empty() && out.back() == '\n')
        out.pop_back();
    return out;
}

std::string processor() {
    std::ifstream facts("/proc/cpuinfo");
    for (std::string line; std::getline(facts, line);)
        if (line.starts_with("model name"))
            return line.substr(line.find(':') + 2);
    return "unknown";
}

json machine() {
    utsname kernel{};
    ::uname(&kernel);
    return {{"processor", processor()},
            {"cores", std::thread::hardware_concurrency()},
            {"kernel", std::string(kernel.sysname) + " " + kernel.release}};
}

json tools() {
    return {{"wrk", first_line_of("wrk -v | head -n1")}, {"valgrind", first_line_of("valgrind --version")}};
}

json described(const notebook& book, const row& of) {
    json out = {{"row", of.name}, {"what", of.what}, {"unit", of.unit}};
    for (const side who : all_sides)
        if (const auto value = book.value(of.name, who))
            out["sides"][std::string(name_of(who))] = {{"median", *value},
                                                       {"rounds", book.runs(of.name, who)}};
    for (const auto& wanted : of.targets) {
        json each = {{"must_be", to_text(wanted, of.unit)}};
        for (const side who : ours)
            if (const auto found = judge(book, of, wanted, who))
                each[std::string(name_of(who))] = {{"is", found->value}, {"met", found->met}};
        out["targets"].push_back(std::move(each));
    }
    return out;
}

}  // namespace

std::vector<side_facts> describe_sides(const bench_options& options) {
    std::vector<side_facts> out = {
        {side::kept, first_line_of(options.worker + " --version") + ", NULLWORKER_STATE_DIR set"},
        {side::bare, "the same, NULLWORKER_STATE_DIR=none"},
        {side::client, "nullworker of the same build"},
        {side::nginx, first_line_of("nginx -v") + ", one process, `return 200`, no log"},
        {side::beast, "bench/constant_server.cpp, Boost " + std::string(BOOST_LIB_VERSION)},
        {side::plain, "bench/nothing.cpp, static"},
    };
    if (!options.against.empty())
        out.push_back({side::against, options.against});
    return out;
}

std::string to_text(const notebook& book, const std::vector<side_facts>& sides) {
    constexpr int what_width = -42;
    constexpr int unit_width = -7;
    constexpr int width = 9;
    std::string out = column("", what_width) + column("", unit_width);
    for (const side who : all_sides)
        out += column(std::string(name_of(who)), width);
    out += "   must be\n";
    for (const auto& each : all_rows()) {
        if (!is_measured(book, each))
            continue;
        out += column(std::string(each.what), what_width) + column(std::string(each.unit), unit_width);
        for (const side who : all_sides)
            out += column(figure(book, each, who), width);
        const char* separator = "   ";
        for (const auto& wanted : each.targets)
            if (const auto text = judgement(book, each, wanted); !text.empty()) {
                out += separator + text;
                separator = "; ";
            }
        out += '\n';
    }
    out += '\n';
    for (const auto& each : sides)
        out += column(std::string(name_of(each.who)), -10) + each.what + '\n';
    return out;
}

std::string to_json(const notebook& book, const std::vector<side_facts>& sides,
                    const bench_options& options) {
    json out = {{"machine", machine()}, {"tools", tools()}, {"rounds", options.quick ? 1 : options.rounds}};
    for (const auto& each : sides)
        out["sides"][std::string(name_of(each.who))] = each.what;
    out["rows"] = json::array();
    for (const auto& each : all_rows())
        if (is_measured(book, each))
            out["rows"].push_back(described(book, each));
    return out.dump(2) + '\n';
}

}  // namespace nullworker::bench
