#include <follow/depth.hpp>

#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>

namespace nullworker::client {

outcome<std::int64_t> read_depth(std::string_view printed) {
    constexpr std::string_view blanks = " \t\r\n";
    constexpr std::int64_t most = 1'000'000'000'000;
    std::int64_t sum = 0;
    bool found = false;
    for (auto begin = printed.find_first_not_of(blanks); begin != std::string_view::npos;
         begin = printed.find_first_not_of(blanks, begin)) {
        const auto word =
            printed.substr(begin, std::min(printed.find_first_of(blanks, begin), printed.size()) - begin);
        std::int64_t number = 0;
        const auto [stop, ec] = std::from_chars(word.data(), word.data() + word.size(), number);
        if (ec != std::errc() || stop != word.data() + word.size() || number < 0 || number > most)
            return failure{"it printed '" + std::string(word.substr(0, 40)) +
                           "', which is no number of jobs"};
        sum = std::min(sum + number, most);
        found = true;
        begin += word.size();
    }
    if (!found)
        return failure{"it printed no number of jobs, though its exit code is 0"};
    return sum;
}

}  // namespace nullworker::client
