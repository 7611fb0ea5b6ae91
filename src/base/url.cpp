#include <nullworker/base/tidied.hpp>
#include <nullworker/base/unmapped.hpp>
#include <nullworker/base/url.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/url/host_type.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <cctype>
#include <utility>

namespace nullworker {
namespace {

constexpr std::uint16_t default_port(std::string_view scheme) {
    return scheme == "https" ? 443 : 80;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
    return out;
}

// Whether `host` is a name or an IPv4 address. Escapes were decoded by now, so that anything may be in it, a
// slash or a colon included.
bool is_name(std::string_view host) {
    return !host.empty() && std::all_of(host.begin(), host.end(), [](unsigned char c) {
        return std::isalnum(c) || c == '-' || c == '.' || c == '_';
    });
}

// An IPv6 address has many spellings, and one that stands for an IPv4 address has another name: here each has
// one.
std::string one_spelling(std::string host) {
    namespace ip = boost::asio::ip;
    error_code ec;
    const auto address = ip::make_address_v6(host, ec);
    if (ec)
        return host;
    return unmapped(address).to_string();
}

}  // namespace

std::string url::authority() const {
    const bool ipv6 = host.find(':') != std::string::npos;
    std::string out = ipv6 ? '[' + host + ']' : host;
    if (port != default_port(scheme))
        out += ':' + std::to_string(port);
    return out;
}

std::string url::origin() const {
    return scheme + "://" + authority();
}

result<url> parse_url(std::string_view text) {
    const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
    if (!parsed || parsed->has_userinfo() || parsed->has_fragment())
        return errc::invalid_url;
    url out;
    const auto scheme = parsed->scheme();
    out.scheme = lower({scheme.data(), scheme.size()});
    if (out.scheme != "http" && out.scheme != "https")
        return errc::unsupported_scheme;
    const auto host = parsed->host_address();
    out.host = lower({host.data(), host.size()});
    const auto kind = parsed->host_type();
    if (kind != boost::urls::host_type::ipv6 &&
        (kind == boost::urls::host_type::ipvfuture || !is_name(out.host)))
        return errc::invalid_url;
    out.host = one_spelling(std::move(out.host));
    out.port =
        parsed->has_port() && !parsed->port().empty() ? parsed->port_number() : default_port(out.scheme);
    if (out.port == 0)
        return errc::invalid_url;
    // What follows a malformed port is a path to this version of Boost.URL.
    if (const auto path = parsed->encoded_path(); !path.empty() && path.front() != '/')
        return errc::invalid_url;
    const auto target = parsed->encoded_resource();
    out.target.assign(target.data(), target.size());
    if (out.target.empty() || out.target.front() != '/')
        out.target.insert(out.target.begin(), '/');
    return out;
}

result<std::vector<url>> parse_url_list(std::string_view text, std::string* culprit) {
    std::vector<url> out;
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        const auto entry = trimmed(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
        if (entry.empty())
            continue;
        auto parsed = parse_url(entry);
        if (!parsed) {
            if (culprit)
                *culprit = entry;
            return parsed.error();
        }
        out.push_back(std::move(*parsed));
    }
    return out;
}

// A password may hold anything, a slash or a question mark included, so everything up to the last @ counts as
// one, and where that may be a part of the query nothing is shown.
std::string without_secrets(std::string_view text) {
    const auto behind_last_at = [](std::string_view part) {
        return part.substr(part.rfind('@') + 1);  // the whole where there is none
    };
    text = text.substr(0, text.find_first_of(" \t\r\n"));
    const auto scheme_end = text.find("://");
    const auto begin = scheme_end == text.npos ? 0 : scheme_end + 3;
    const std::string scheme(behind_last_at(text.substr(0, begin)));
    text.remove_prefix(begin);
    const auto query = text.find_first_of("?#");
    if (query != text.npos && text.find('@', query) != text.npos)
        return scheme + "…";
    return scheme + std::string(behind_last_at(text.substr(0, query)));
}

bool same_origin(const url& a, const url& b) {
    return a.scheme == b.scheme && a.host == b.host && a.port == b.port;
}

bool names_loopback(const url& target) {
    error_code ec;
    const auto address = boost::asio::ip::make_address(target.host, ec);
    return ec ? target.host == "localhost" : address.is_loopback();
}

result<url> resolve(const url& base, std::string_view reference) {
    reference = trimmed(reference.substr(0, reference.find('#')));
    const auto base_text = base.text();
    const auto from = boost::urls::parse_uri(base_text);
    const auto to = boost::urls::parse_uri_reference({reference.data(), reference.size()});
    if (reference.empty() || !from || !to)
        return errc::invalid_url;
    boost::urls::url out(*from);
    if (!out.resolve(*to))
        return errc::invalid_url;
    return parse_url({out.data(), out.size()});
}

result<url> target_of(std::string_view reference, const std::optional<url>& server) {
    if (!reference.starts_with('/'))
        return parse_url(reference);
    if (!server)
        return errc::no_server;
    return parse_url(join(*server, reference).text());
}

url join(url base, std::string_view path) {
    while (!base.target.empty() && base.target.back() == '/')
        base.target.pop_back();
    base.target += path;
    return base;
}

}  // namespace nullworker
