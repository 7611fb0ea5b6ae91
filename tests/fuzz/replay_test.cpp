#include "fuzz_target.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <random>
#include <string>

// The seeds of every fuzz target, and mutations that are the same at each run: what can be had without
// libFuzzer.
namespace nullworker::fuzz {
namespace {

struct seed {
    target under_test;
    std::filesystem::path file;
};

void PrintTo(const seed& one, std::ostream* out) {
    *out << one.file.string();
}

std::vector<seed> seeds() {
    std::vector<seed> out;
    for (const auto& one : targets()) {
        const std::filesystem::path folder = std::filesystem::path(NULLWORKER_FUZZ_CORPUS) / one.name;
        if (std::filesystem::is_directory(folder))
            for (const auto& entry : std::filesystem::directory_iterator(folder))
                out.push_back({one, entry.path()});
    }
    std::sort(out.begin(), out.end(), [](const seed& a, const seed& b) { return a.file < b.file; });
    return out;
}

std::string contents(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

class mutator {
public:
    // One to four small changes.
    std::string operator()(std::string text) {
        for (auto changes = 1 + below(4); changes > 0; --changes)
            change(text);
        return text;
    }

private:
    std::size_t below(std::size_t limit) { return limit == 0 ? 0 : x_random() % limit; }

    void change(std::string& text) {
        constexpr std::string_view telling = "\"\\{}[],:0123456789-+.eE@/?#%\n\r \t\0\x80\xc3\xff";
        if (text.empty())
            text = "{}";
        const auto at = below(text.size());
        const auto length = std::min(1 + below(16), text.size() - at);
        switch (below(6)) {
            case 0:
                text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
                break;
            case 1:
                text[at] = telling[below(telling.size())];
                break;
            case 2:
                text.insert(text.begin() + static_cast<std::ptrdiff_t>(at), telling[below(telling.size())]);
                break;
            case 3:
                text.resize(at);
                break;
            case 4:
                text.erase(at, length);
                break;
            default:
                text.insert(below(text.size()), text.substr(at, length));
                break;
        }
    }

    std::minstd_rand x_random{1};  // gives the same numbers everywhere
};

class fuzz_seed : public testing::TestWithParam<seed> {};

TEST_P(fuzz_seed, holds_every_property_and_so_do_its_mutations) {
    const auto& [name, mutations, run] = GetParam().under_test;
    const auto text = contents(GetParam().file);
    ASSERT_NO_THROW(run(text));
    mutator mutate;
    for (int i = 0; i < mutations; ++i) {
        const auto mutant = mutate(text);
        ASSERT_NO_THROW(run(mutant)) << testing::PrintToString(mutant);
    }
}

std::string name_of(const testing::TestParamInfo<seed>& one) {
    return std::string(one.param.under_test.name) + "_" + one.param.file.filename().string();
}

INSTANTIATE_TEST_SUITE_P(corpus, fuzz_seed, testing::ValuesIn(seeds()), name_of);

TEST(fuzz_corpus, has_seeds_for_every_target_and_for_nothing_else) {
    std::size_t folders = 0;
    for (const auto& entry : std::filesystem::directory_iterator(NULLWORKER_FUZZ_CORPUS))
        folders += entry.is_directory() ? 1 : 0;
    EXPECT_EQ(folders, targets().size());
    const auto all = seeds();
    for (const auto& one : targets())
        EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&one](const seed& s) {
            return s.under_test.run == one.run;
        })) << one.name;
}

}  // namespace
}  // namespace nullworker::fuzz
