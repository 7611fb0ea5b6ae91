#pragma once

#include <nullworker/base/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nullworker {

// An absolute http or https URL, taken apart.
struct url {
    std::string scheme;        // "http" or "https", lower case
    std::string host;          // lower case; an IPv6 address without its brackets, in its shortest spelling
    std::uint16_t port = 0;    // the scheme's own where the text has none
    std::string target = "/";  // path and query, still percent-encoded; at least "/"

    [[nodiscard]] bool is_tls() const { return scheme == "https"; }

    // scheme://host:port, the port left out where it is the scheme's own.
    [[nodiscard]] std::string origin() const;

    // The value of a Host header.
    [[nodiscard]] std::string authority() const;

    [[nodiscard]] std::string text() const { return origin() + target; }
};

// Fails with invalid_url (also for user information and fragments, which have no business here) or
// unsupported_scheme.
[[nodiscard]] result<url> parse_url(std::string_view text);

// The URLs of a comma-separated list, in order; blanks around an entry and empty entries are skipped. Fails
// as parse_url does for the first entry that is no URL, and then puts that entry into `culprit`.
[[nodiscard]] result<std::vector<url>> parse_url_list(std::string_view text, std::string* culprit = nullptr);

// What may be shown of a text that is a URL, or was meant to be one: no user information, no query, no
// fragment, and nothing behind a blank.
[[nodiscard]] std::string without_secrets(std::string_view text);

// Whether both name the same scheme, host and port.
[[nodiscard]] bool same_origin(const url& a, const url& b);

// Whether the host is this machine itself by its name or address: localhost, 127.0.0.0/8 or ::1. Other names
// are not looked up.
[[nodiscard]] bool names_loopback(const url& target);

// Where `reference`, a URL or a part of one, leads from `base`. A fragment is left out. Fails as parse_url.
[[nodiscard]] result<url> resolve(const url& base, std::string_view reference);

// What `reference` means: a URL, or a path behind that of `server`. Fails with no_server for a path where
// there is none, else as parse_url does.
[[nodiscard]] result<url> target_of(std::string_view reference, const std::optional<url>& server);

// `base` with `path` appended to its own: a report address and "/worker_status/".
[[nodiscard]] url join(url base, std::string_view path);

}  // namespace nullworker
