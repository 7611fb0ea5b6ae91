#pragma once

#include "fuzz_target.hpp"

#include <nullworker/base/url.hpp>

#include <algorithm>
#include <string>

namespace nullworker::fuzz {

inline bool same(const url& a, const url& b) {
    return same_origin(a, b) && a.target == b.target;
}

// What goes into a request line or a header unescaped.
inline bool is_printable(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

inline void require_sound(const url& address) {
    require(address.scheme == "http" || address.scheme == "https", "the scheme can be called");
    require(!address.host.empty() && address.port != 0, "there is somebody to call");
    require(address.target.starts_with('/'), "the target is a path");
    require(is_printable(address.text()) && is_printable(address.authority()), "nothing breaks a header");
    require(address.text().find('#') == std::string::npos, "there is no fragment");
    require(address.authority().find_first_of("@/?") == std::string::npos, "the authority is one");

    const auto again = parse_url(address.text());
    require(again.has_value() && same(*again, address), "what is printed parses to the same");
    const auto origin = parse_url(address.origin());
    require(origin.has_value() && same_origin(*origin, address), "an origin is a URL of the same origin");
    require(same_origin(address, address), "a URL has its own origin");
}

}  // namespace nullworker::fuzz
