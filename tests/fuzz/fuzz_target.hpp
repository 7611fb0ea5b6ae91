#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <vector>

// A fuzz target is a function of arbitrary bytes that must return whatever they are:
//
//   FUZZ_TARGET(url, 500) {
//       const auto parsed = parse_url(input);
//       require(!parsed || parse_url(parsed->text()).has_value(), "what is printed parses");
//   }
//
// libFuzzer calls it in a program of its own; the tests call all of them with the seeds and mutations of
// these.
namespace nullworker::fuzz {

// Ends the target where `property` does not hold: nothing catches the exception under libFuzzer, so that it
// aborts with the stack still there.
inline void require(bool holds, const char* property) {
    if (!holds)
        throw std::logic_error(property);
}

template <class T>
[[nodiscard]] bool equals_itself(const T& value) {
    const T& again = value;
    return value == again;
}

struct target {
    const char* name;
    int mutations;
    void (*run)(std::string_view input);
};

// Those linked into this program.
inline std::vector<target>& targets() {
    static std::vector<target> instance;
    return instance;
}

inline bool add(const target& one) {
    targets().push_back(one);
    return true;
}

}  // namespace nullworker::fuzz

#ifdef NULLWORKER_FUZZ_REPLAY
#define NULLWORKER_FUZZ_ENTRY(name, mutations)        \
    [[maybe_unused]] static const bool name##_added = \
        ::nullworker::fuzz::add({#name, mutations, fuzz_##name});
#else
#define NULLWORKER_FUZZ_ENTRY(name, mutations)                                          \
    extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
        fuzz_##name({reinterpret_cast<const char*>(data), size});                       \
        return 0;                                                                       \
    }
#endif

#define FUZZ_TARGET(name, mutations)                 \
    static void fuzz_##name(std::string_view input); \
    NULLWORKER_FUZZ_ENTRY(name, mutations)           \
    static void fuzz_##name(std::string_view input)
