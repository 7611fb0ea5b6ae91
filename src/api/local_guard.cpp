#include <nullworker/api/local_guard.hpp>
#include <nullworker/base/url.hpp>

#include <array>

namespace nullworker::api {
namespace {

// What only browsers and proxies send.
constexpr std::array foreign_headers = {"Origin", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded"};

bool is_local_host(std::string_view host) {
    if (host.find_first_of("/?#@") != std::string_view::npos)
        return false;
    const auto named = parse_url("http://" + std::string(host));
    return named && names_loopback(*named);
}

}  // namespace

std::optional<std::string> why_not_local(const net::request& request) {
    if (!request.from_loopback)
        return "only programs on this machine may ask";
    if (!is_local_host(request.find("Host").value_or("")))
        return "Host must be localhost or a loopback address";
    for (const char* name : foreign_headers)
        if (request.find(name))
            return std::string(name) + " is set: web pages and proxies may not ask";
    return std::nullopt;
}

}  // namespace nullworker::api
