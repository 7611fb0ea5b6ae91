#include "support/picture.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace nullworker::test {
namespace {

std::size_t bytes_of_first(std::string_view text) {
    std::size_t bytes = 1;
    while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80)
        ++bytes;
    return bytes;
}

}  // namespace

void picture::feed(std::string_view written) {
    while (!written.empty()) {
        auto used = bytes_of_first(written);
        const char first = written.front();
        if (first == '\x1b') {
            used = std::min(written.find_first_of("ABCDHJKhlm"), written.size() - 1) + 1;
            escape(written.substr(0, used));
        } else if (first == '\r') {
            x_column = 0;
        } else if (first == '\n') {
            x_column = 0;  // as the terminal's driver makes it
            if (++x_row == x_rows.size())
                x_rows.emplace_back();
        } else {
            put(written.substr(0, used));
        }
        written.remove_prefix(used);
    }
}

void picture::escape(std::string_view sequence) {
    const auto body = sequence.substr(std::min<std::size_t>(2, sequence.size()));
    if (sequence.ends_with('m'))
        return;
    if (sequence.ends_with('A')) {
        const auto up = std::stoul(std::string(body));
        x_row -= std::min<std::size_t>(up, x_row - top());
    } else if (body == "K" || body == "J") {
        here().resize(std::min(here().size(), x_column));
        if (body == "J")
            x_rows.resize(x_row + 1);
    } else {
        ADD_FAILURE() << "a terminal may obey this: " << testing::PrintToString(std::string(sequence));
    }
}

void picture::put(std::string_view character) {
    EXPECT_GE(static_cast<unsigned char>(character.front()), 0x20) << "a control character";
    if (x_column == x_columns) {
        x_column = 0;
        if (++x_row == x_rows.size())
            x_rows.emplace_back();
    }
    auto& row = here();
    if (row.size() <= x_column)
        row.resize(x_column + 1, " ");
    row[x_column++] = character;
}

void picture::narrow_to(std::size_t columns) {
    std::vector<cells> folded;
    std::size_t cursor = 0;
    for (std::size_t i = 0; i < x_rows.size(); ++i) {
        auto rest = x_rows[i];
        while (rest.size() > columns) {
            folded.emplace_back(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(columns));
            rest.erase(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(columns));
        }
        folded.push_back(rest);
        if (i == x_row)
            cursor = folded.size() - 1;
    }
    x_rows = std::move(folded);
    x_row = cursor;
    x_columns = columns;
}

std::size_t picture::top() const {
    return x_rows.size() > x_height ? x_rows.size() - x_height : 0;
}

picture::cells& picture::here() {
    return x_rows[x_row];
}

std::string picture::text() const {
    std::string out;
    for (const auto& row : x_rows) {
        for (const auto& character : row)
            out += character;
        out += '\n';
    }
    out.erase(out.find_last_not_of('\n') + 1);
    return out.empty() ? out : out + '\n';
}

}  // namespace nullworker::test
