#include <nullworker/options/nearest.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace nullworker::options {
namespace {

constexpr std::size_t least_of_a_beginning = 3;

// Longer words are no slips of the finger, and comparing takes the square of their length.
constexpr std::size_t longest_word = 64;

// How many letters must be put in, left out, replaced or swapped with the next to make one word the other.
std::size_t distance(std::string_view one, std::string_view other) {
    std::vector<std::size_t> before_last(other.size() + 1);
    std::vector<std::size_t> last(other.size() + 1);
    std::vector<std::size_t> row(other.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= one.size(); ++i) {
        row[0] = i;
        for (std::size_t k = 1; k <= other.size(); ++k) {
            const std::size_t replaced = last[k - 1] + (one[i - 1] == other[k - 1] ? 0 : 1);
            row[k] = std::min({last[k] + 1, row[k - 1] + 1, replaced});
            const bool swapped = i > 1 && k > 1 && one[i - 1] == other[k - 2] && one[i - 2] == other[k - 1];
            if (swapped)
                row[k] = std::min(row[k], before_last[k - 2] + 1);
        }
        before_last.swap(last);
        last.swap(row);
    }
    return last[other.size()];
}

// The word as our flags and keys are written: OVEN_NAME is oven-name.
std::string as_we_write(std::string_view word) {
    std::string out(word);
    std::ranges::transform(out, out.begin(), [](char c) {
        const bool is_upper = c >= 'A' && c <= 'Z';
        return is_upper ? static_cast<char>(c - 'A' + 'a') : c == '_' ? '-' : c;
    });
    return out;
}

// The longest of `known` that is the whole of `word`, or its end behind a prefix, as in oven-name.
const std::string* end_of(std::string_view word, const std::vector<std::string>& known) {
    const std::string* out = nullptr;
    for (const auto& one : known)
        if ((word == one || word.ends_with('-' + one)) && (!out || out->size() < one.size()))
            out = &one;
    return out;
}

// From this distance on it is another word.
std::size_t another_word(std::string_view word) {
    return (word.size() + 2) / 3 + 1;
}

}  // namespace

std::optional<std::string> nearest(std::string_view written, const std::vector<std::string>& known) {
    const auto word = as_we_write(written);
    if (const auto* whole = end_of(word, known))
        return *whole;
    if (word.empty() || word.size() > longest_word)
        return std::nullopt;
    std::optional<std::string> out;
    auto least = another_word(word);
    for (const auto& one : known)
        if (const auto found = distance(word, one); found < least && found < one.size()) {
            least = found;
            out = one;
        }
    for (const auto& one : known)
        if (!out && word.size() >= least_of_a_beginning && one.starts_with(word))
            out = one;
    return out;
}

std::vector<std::string> closest(std::string_view written, const std::vector<std::string>& known,
                                 std::size_t most) {
    const auto word = as_we_write(written);
    if (word.empty() || word.size() > longest_word)
        return {};
    std::vector<std::pair<std::size_t, std::string>> ranked;
    for (const auto& one : known) {
        const auto there = as_we_write(one);
        if (there.size() > longest_word)
            continue;
        const auto found = distance(word, there);
        const bool begins_so = word.size() >= least_of_a_beginning && there.starts_with(word);
        if (begins_so || (found < another_word(word) && found < there.size()))
            ranked.emplace_back(found, one);
    }
    std::ranges::stable_sort(ranked, {}, [](const auto& each) { return each.first; });
    std::vector<std::string> out;
    for (auto& [away, one] : ranked)
        if (out.size() < most)
            out.push_back(std::move(one));
    return out;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known,
                       const std::string& before) {
    const auto found = nearest(word, known);
    return found ? "; did you mean " + before + *found + '?' : std::string();
}

}  // namespace nullworker::options
