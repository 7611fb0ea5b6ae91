#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The protocol of Redis, RESP2, as far as a client needs it that asks for numbers.
namespace nullworker::client {

// A command and its arguments as bytes.
[[nodiscard]] std::string resp_command(const std::vector<std::string>& words);

// A reply of the server.
struct resp_value {
    enum class kind : std::uint8_t { text, error, number, list, null };

    kind is = kind::null;
    std::string text = {};
    std::int64_t number = 0;
    std::vector<resp_value> items = {};
};

// Takes replies apart as their bytes come. Each byte is looked at once, and what goes beyond the bounds is
// refused before it is kept.
class resp_reader {
public:
    static constexpr std::size_t most_bytes = std::size_t{16} * 1024 * 1024;  // of all replies
    static constexpr std::size_t most_values = 100'000;                       // of all replies
    static constexpr std::size_t most_depth = 8;
    static constexpr std::size_t longest_line = 4096;  // without what ends it

    // Takes what came.
    void feed(std::string_view bytes);

    // The next whole reply, in order; nothing where it has not come yet.
    [[nodiscard]] std::optional<resp_value> next();

    // Whether what came is no RESP2, or too much of it. Nothing more is read then.
    [[nodiscard]] bool has_failed() const noexcept { return x_failed; }

private:
    struct open_list {
        std::vector<resp_value> items;
        std::size_t missing;
    };

    bool read_one();
    bool read_line(std::string_view& line);
    void begin(std::string_view line);
    bool read_text();
    void place(resp_value value);
    void fail();

    std::string x_bytes;          // from the value that is being read on
    std::size_t x_at = 0;         // up to which they are read
    std::size_t x_seen = 0;       // up to which no end of a line was found
    std::size_t x_all_bytes = 0;  // that ever came
    std::size_t x_all_values = 0;
    std::optional<std::size_t> x_text_size;  // of the text that is being read
    std::vector<open_list> x_lists;          // the innermost last
    std::vector<resp_value> x_done;
    std::size_t x_taken = 0;
    bool x_failed = false;
};

}  // namespace nullworker::client
