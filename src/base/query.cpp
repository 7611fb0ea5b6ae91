#include <nullworker/base/query.hpp>

#include <algorithm>
#include <charconv>

// Not by Boost.URL: it takes no query in which one escape is malformed, and what peers send is read as far as
// it can be.
namespace nullworker {

std::vector<query_parameter> split_query(std::string_view query) {
    std::vector<query_parameter> out;
    while (!query.empty()) {
        const auto pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        const auto equals = pair.find('=');
        const auto name = pair.substr(0, equals);
        if (name.empty())
            continue;
        const bool has_value = equals != std::string_view::npos;
        out.push_back({name, has_value ? std::optional(pair.substr(equals + 1)) : std::nullopt});
    }
    return out;
}

std::string query_value(std::string_view query, std::string_view name) {
    for (const auto& parameter : split_query(query))
        if (parameter.name == name && parameter.value)
            return percent_decoded(*parameter.value);
    return {};
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned char code = 0;
        const char* digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() &&
            std::from_chars(digits, digits + 2, code, 16).ptr == digits + 2) {
            out += static_cast<char>(code);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace nullworker
