#include <nullworker/api/metrics.hpp>

#include <array>
#include <cstdio>

namespace nullworker::api {

std::string to_text(const std::vector<metric>& metrics) {
    std::string out;
    for (const auto& each : metrics) {
        const std::string name = std::string("nullworker_") + each.name;
        const char* type = each.type == metric::kind::counter ? " counter\n" : " gauge\n";
        std::array<char, 32> value{};
        (void)std::snprintf(value.data(), value.size(), "%.15g", each.value);
        out +=
            "# HELP " + name + ' ' + each.help + "\n# TYPE " + name + type + name + ' ' + value.data() + '\n';
    }
    return out;
}

}  // namespace nullworker::api
