#include <watch/page.hpp>
#include <watch/page/parts.hpp>

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <utility>

namespace nullworker::client::watch {
namespace {

using replacement = std::pair<std::string_view, std::string_view>;  // a mark, and what comes in its place

// `text` with each mark replaced. What was put in is not looked through.
std::string with_marks_replaced(std::string_view text, std::initializer_list<replacement> replacements) {
    std::string out;
    while (!text.empty()) {
        const replacement* first = nullptr;
        std::size_t place = text.size();
        for (const auto& one : replacements) {
            if (const auto found = text.find(one.first); found < place) {
                first = &one;
                place = found;
            }
        }
        out += text.substr(0, place);
        if (!first)
            break;
        out += first->second;
        text.remove_prefix(place + first->first.size());
    }
    return out;
}

// As a policy names the text of a script or a style: 'sha256-…'.
std::string hash_source(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), sum.data(), &size, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("SHA-256 failed");
    std::array<unsigned char, EVP_MAX_MD_SIZE * 2> base64{};  // four for three, and a zero
    const int length = EVP_EncodeBlock(base64.data(), sum.data(), static_cast<int>(size));
    return "'sha256-" + std::string(base64.begin(), base64.begin() + length) + "'";
}

// What the page needs in whatever form. A text can never become a script: whoever tried to assign one, as
// innerHTML does, would fail (trusted types).
std::string policy_of_page() {
    return "default-src 'none'; script-src " + hash_source(page_script) + "; style-src " +
           hash_source(page_style) +
           "; img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'";
}

// JSON that says the same, and in which neither a browser's reader of HTML nor one of old JavaScript finds an
// end. What is replaced stands in strings alone.
std::string harmless_in_script(std::string_view json) {
    static constexpr std::string_view line_separator = "\xe2\x80\xa8";
    static constexpr std::string_view paragraph_separator = "\xe2\x80\xa9";
    std::string out;
    for (std::size_t place = 0; place < json.size(); ++place) {
        const auto rest = json.substr(place);
        if (rest.starts_with('<')) {
            out += "\\u003c";
        } else if (rest.starts_with('>')) {
            out += "\\u003e";
        } else if (rest.starts_with(line_separator) || rest.starts_with(paragraph_separator)) {
            out += rest.starts_with(line_separator) ? "\\u2028" : "\\u2029";
            place += line_separator.size() - 1;
        } else {
            out += rest.front();
        }
    }
    return out;
}

std::string page_with(std::string_view policy, std::string_view document) {
    return with_marks_replaced(
        page_html,
        {{"@policy@", policy}, {"@style@", page_style}, {"@document@", document}, {"@script@", page_script}});
}

}  // namespace

std::string served_page() {
    return page_with("", "");
}

std::string served_page_policy() {
    return policy_of_page() + "; connect-src 'self'; frame-ancestors 'none'";
}

std::string static_report(std::string_view document) {
    const std::string policy =
        "<meta http-equiv=\"Content-Security-Policy\" content=\"" + policy_of_page() + "\">";
    return page_with(policy, harmless_in_script(document));
}

}  // namespace nullworker::client::watch
