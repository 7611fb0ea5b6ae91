#include <terminal/tally.hpp>

namespace nullworker::client {
namespace {

std::string some(int count, const char* what) {
    return std::to_string(count) + (count == 1 ? " was " : " were ") + what;
}

}  // namespace

std::string described(const tally& sessions) {
    const auto all = std::to_string(sessions.wanted);
    if (sessions.released == sessions.wanted)
        return "all " + all + " sessions were held and released";
    if (sessions.failed == sessions.wanted)
        return all + " of " + all + " sessions failed";
    if (sessions.not_held() == sessions.wanted)
        return "none of " + all + " sessions was held";
    std::string out;
    const auto add = [&out](const std::string& part) { (out += out.empty() ? "" : ", ") += part; };
    if (sessions.released > 0)
        add(some(sessions.released, "held and released"));
    if (sessions.failed > 0)
        add(std::to_string(sessions.failed) + " failed");
    if (sessions.not_held() > 0)
        add(some(sessions.not_held(), "never held"));
    return "of " + all + " sessions " + out;
}

}  // namespace nullworker::client
