#include <nullworker/base/metrics.hpp>
#include <nullworker/base/printable.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace nullworker {
namespace {

std::string written_figure(double value) {
    if (std::isnan(value))
        return "NaN";
    if (std::isinf(value))
        return value > 0 ? "+Inf" : "-Inf";
    std::array<char, 32> out{};
    (void)std::snprintf(out.data(), out.size(), "%.15g", value);
    return out.data();
}

// What is not printable is escaped before, so that no reader of the page has to. Bounded, since whoever
// stores it keeps it with each value.
std::string label_value(const std::string& text) {
    constexpr std::size_t longest = 200;
    std::string out;
    for (const char c : printable(text.substr(0, longest))) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += c;
    }
    return out;
}

std::string written_labels(const std::vector<series::label>& labels) {
    std::string out;
    for (const auto& [name, value] : labels)
        out += (out.empty() ? "{" : ",") + std::string(name) + "=\"" + label_value(value) + '"';
    return out.empty() ? out : out + '}';
}

// The lines of one metric.
class page {
public:
    page(std::string& to, const metric& of) : x_to(to), x_name(std::string("nullworker_") + of.name) {
        constexpr std::array types = {"gauge", "counter", "histogram"};
        x_to += "# HELP " + x_name + ' ' + of.help + '\n';
        x_to += "# TYPE " + x_name + ' ' + types[static_cast<std::size_t>(of.type)] + '\n';
    }

    void operator()(double value) { line("", {}, value); }

    void operator()(const std::vector<series>& all) {
        for (const auto& one : all)
            line("", one.labels, one.value);
    }

    // The ranges overlap: each of them begins at the bottom.
    void operator()(const histogram& of) {
        std::uint64_t so_far = 0;
        for (std::size_t i = 0; i < of.counts().size(); ++i) {
            const auto upto = i < of.bounds().size() ? of.bounds()[i] : HUGE_VAL;
            so_far += of.counts()[i];
            line("_bucket", {{"le", written_figure(upto)}}, static_cast<double>(so_far));
        }
        line("_sum", {}, of.sum());
        line("_count", {}, static_cast<double>(so_far));
    }

private:
    void line(std::string_view suffix, const std::vector<series::label>& labels, double value) {
        x_to.append(x_name).append(suffix).append(written_labels(labels));
        x_to.append(" ").append(written_figure(value)).append("\n");
    }

    std::string& x_to;
    std::string x_name;
};

bool says_nothing(const metric& one) {
    const auto* all = std::get_if<std::vector<series>>(&one.values);
    return all && all->empty();
}

}  // namespace

std::string to_text(const std::vector<metric>& metrics) {
    std::string out;
    for (const auto& each : metrics)
        if (!says_nothing(each))
            std::visit(page(out, each), each.values);
    return out;
}

metric build_info(std::string program) {
    const std::vector<series> one = {
        {{{"program", std::move(program)}, {"version", NULLWORKER_VERSION}}, 1.0}};
    return {"build_info", metric::kind::gauge, "1, with what runs here as labels", one};
}

}  // namespace nullworker
