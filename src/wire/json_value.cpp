#include <nullworker/wire/json_value.hpp>

#include <nlohmann/json.hpp>

#include <utility>

namespace nullworker::wire {
namespace {

// Counts open brackets outside strings; the parser then never sees a document it would nest too deeply.
bool nests_too_deeply(std::string_view text) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > max_json_depth)
                return true;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

const std::shared_ptr<const nlohmann::json>& shared_null() {
    static const auto null = std::make_shared<const nlohmann::json>();
    return null;
}

}  // namespace

json_value::json_value() : x_document(shared_null()) {}

result<json_value> json_value::parse(std::string_view text) {
    // The parser takes a zero byte for the end of the text.
    if (text.find('\0') != text.npos || nests_too_deeply(text))
        return errc::invalid_json;
    auto document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (document.is_discarded())
        return errc::invalid_json;
    return json_value(std::move(document));
}

std::string json_value::dump() const {
    return x_document->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool json_value::is_null() const {
    return x_document->is_null();
}

bool operator==(const json_value& a, const json_value& b) {
    return *a.x_document == *b.x_document;
}

}  // namespace nullworker::wire
