#include "roff.hpp"

#include "text.hpp"

#include <algorithm>
#include <cstdio>

namespace nullworker::manual {
namespace {

// What roff would read as an instruction, or print as a typographic relative that no shell understands.
constexpr replacement specials[] = {{'\\', R"(\e)"},  {'-', R"(\-)"},   {'"', R"(\(dq)"}, {'`', R"(\(ga)"},
                                    {'^', R"(\(ha)"}, {'~', R"(\(ti)"}, {'\n', " "}};

// Where the locale is C, a page is shown in ASCII, and a character that is not in it would be left out.
struct spelling {
    std::string_view character;
    std::string_view in_ascii;
};

constexpr spelling spellings[] = {{"…", "..."}, {"→", R"(\->)"}, {"–", R"(\-)"}, {"’", R"(\(cq)"}};

// The bytes of the UTF-8 character that begins with `lead`.
std::size_t length_of(unsigned char lead) {
    return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

// Roff knows other characters than ASCII by their number, whatever the encoding of the page.
std::string numbered(std::string_view character) {
    for (const auto& known : spellings)
        if (known.character == character)
            return std::string(known.in_ascii);
    auto code = static_cast<unsigned>(static_cast<unsigned char>(character.front()));
    code &= character.size() == 1 ? 0x7fU : 0xffU >> (character.size() + 1);
    for (const char c : character.substr(1))
        code = code << 6 | (static_cast<unsigned char>(c) & 0x3fU);
    char out[16];
    std::snprintf(out, sizeof out, "\\[u%04X]", code);
    return out;
}

}  // namespace

std::string roff_text(std::string_view text) {
    std::string out = text.starts_with('.') || text.starts_with('\'') ? R"(\&)" : "";
    while (!text.empty()) {
        const auto size = std::min(length_of(static_cast<unsigned char>(text.front())), text.size());
        const bool plain = size == 1;
        const auto character = text.substr(0, size);
        out += plain ? replaced(character, specials) : numbered(character);
        text.remove_prefix(size);
    }
    return out;
}

std::string bold(std::string_view text) {
    return R"(\fB)" + roff_text(text) + R"(\fR)";
}

std::string italic(std::string_view text) {
    return R"(\fI)" + roff_text(text) + R"(\fR)";
}

std::string roff_prose(std::string_view text) {
    std::string out;
    for (;;) {
        const auto begin = text.find('`');
        const auto end = begin == std::string_view::npos ? begin : text.find('`', begin + 1);
        if (end == std::string_view::npos)
            return out + roff_text(text);
        out += roff_text(text.substr(0, begin)) + bold(text.substr(begin + 1, end - begin - 1));
        text.remove_prefix(end + 1);
    }
}

}  // namespace nullworker::manual
