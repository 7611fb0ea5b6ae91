#include <nullworker/api/metrics.hpp>
#include <nullworker/base/printable.hpp>

#include <array>
#include <cstdio>

namespace nullworker::api {

namespace {

// As a label; what is not printable has been escaped by now. The length is bounded, since each text is a
// series of its own to Prometheus.
std::string label(const std::string& reason) {
    constexpr std::size_t longest = 200;
    if (reason.empty())
        return {};
    std::string out = "{reason=\"";
    for (const char c : printable(reason.substr(0, longest))) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += c;
    }
    return out + "\"}";
}

}  // namespace

std::string to_text(const std::vector<metric>& metrics) {
    std::string out;
    for (const auto& each : metrics) {
        const std::string name = std::string("nullworker_") + each.name;
        const char* type = each.type == metric::kind::counter ? " counter\n" : " gauge\n";
        std::array<char, 32> value{};
        (void)std::snprintf(value.data(), value.size(), "%.15g", each.value);
        out += "# HELP " + name + ' ' + each.help + "\n# TYPE " + name + type + name + label(each.reason) +
               ' ' + value.data() + '\n';
    }
    return out;
}

}  // namespace nullworker::api
