#include <nullworker/base/url.hpp>
#include <nullworker/net/local_guard.hpp>

#include <array>
#include <string_view>

namespace nullworker::net {
namespace {

// A host, and a port if need be. Spelt out: what another reader might decode or strip is somebody else's.
bool is_local_authority(std::string_view authority) {
    if (authority.find_first_of("/?#@%") != std::string_view::npos)
        return false;
    const auto named = parse_url("http://" + std::string(authority));
    return named && names_loopback(*named);
}

// Whether a Referer is a page of this machine.
bool is_local_page(std::string_view page) {
    if (!parse_url(page))
        return false;
    page.remove_prefix(page.find("://") + 3);
    return is_local_authority(page.substr(0, page.find_first_of("/?#")));
}

bool is_same_site(std::string_view site) {
    return site == "none" || site == "same-origin";
}

bool never(std::string_view) {
    return false;
}

enum class refused_to : std::uint8_t { all, those_who_change };

// What browsers and proxies send.
struct foreign_header {
    std::string_view name;  // where it ends with '*', whatever begins so
    refused_to whom;
    bool (*is_harmless)(std::string_view value) = never;
};

constexpr std::array foreign_headers = {
    foreign_header{"Origin", refused_to::all},
    foreign_header{"Forwarded", refused_to::all},
    foreign_header{"X-Forwarded-For", refused_to::all},
    foreign_header{"X-Forwarded-Host", refused_to::all},
    foreign_header{"X-Forwarded-*", refused_to::those_who_change},
    foreign_header{"Via", refused_to::those_who_change},
    foreign_header{"X-Real-IP", refused_to::those_who_change},
    foreign_header{"X-Client-IP", refused_to::those_who_change},
    foreign_header{"X-Cluster-Client-IP", refused_to::those_who_change},
    foreign_header{"CF-Connecting-IP", refused_to::those_who_change},
    foreign_header{"True-Client-IP", refused_to::those_who_change},
    foreign_header{"Sec-Fetch-Site", refused_to::those_who_change, is_same_site},
    foreign_header{"Referer", refused_to::those_who_change, is_local_page},
};

bool is_named(std::string_view name, std::string_view pattern) {
    if (pattern.ends_with('*')) {
        pattern.remove_suffix(1);
        name = name.substr(0, pattern.size());
    }
    return is_same_name(name, pattern);
}

bool is_foreign(const header& sent, const foreign_header& row, bool is_judged) {
    return (is_judged || row.whom == refused_to::all) && is_named(sent.first, row.name) &&
           !row.is_harmless(sent.second);
}

// The header for which a request is refused.
std::optional<std::string> foreign_header_of(const request& request, bool is_judged) {
    constexpr std::size_t longest_name = 40;
    for (const auto& row : foreign_headers)
        for (const auto& sent : request.headers)
            if (is_foreign(sent, row, is_judged))
                return row.name.ends_with('*') ? sent.first.substr(0, longest_name) : std::string(row.name);
    return std::nullopt;
}

// What a client calls the peer behind a Unix socket is up to the client: no web page reaches one.
const char* host_fault(const request& request, bool is_judged) {
    if (request.from_unix_socket)
        return nullptr;
    const auto host = request.find("Host");
    const bool may_lack_one = request.version == protocol_version::http_1_0 && !is_judged;
    if (!(may_lack_one && !host) && !is_local_authority(host.value_or("")))
        return "Host must be localhost or a loopback address";
    if (!request.authority.empty() && !is_local_authority(request.authority))
        return "the target's host must be localhost or a loopback address";
    return nullptr;
}

}  // namespace

std::optional<std::string> why_not_local(const request& request, judged those) {
    if (!request.from_loopback)
        return "only programs on this machine may ask";
    const bool changes = request.method != verb::get;
    const bool is_judged = changes || those == judged::everybody;
    const bool is_plain = request.version == protocol_version::http_1_0;
    if (const char* fault = host_fault(request, is_judged))
        return fault;
    if (const auto name = foreign_header_of(request, is_judged))
        return *name + " is set: web pages and proxies may not ask";
    if (is_plain && changes)
        return "HTTP/1.0 may only read: proxies speak it; send HTTP/1.1";
    return std::nullopt;
}

}  // namespace nullworker::net
