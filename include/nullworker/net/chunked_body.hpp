#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nullworker::net {

enum class chunked_state : std::uint8_t {
    incomplete,  // acceptable so far
    complete,    // the last chunk and the trailers are here
    malformed,
    too_large,  // more data than is allowed
};

// Puts a chunked body together, byte by byte, and keeps nothing but the data: chunk extensions are skipped,
// and so are trailers, which thus cannot add to the header or change it. As strict as `head_reader`. No I/O.
class chunked_body {
public:
    // At most `max_bytes` of data, and at most `max_extra_bytes` of extensions and trailers in all.
    chunked_body(std::size_t max_bytes, std::size_t max_extra_bytes)
        : x_max_bytes(max_bytes), x_extra_left(max_extra_bytes) {}

    // Reads on in `received` and returns how many bytes of it are used up: all, unless the body ends there or
    // a fault is found.
    std::size_t read(std::string_view received);

    [[nodiscard]] chunked_state state() const noexcept { return x_state; }

    // The data so far.
    [[nodiscard]] std::string& data() noexcept { return x_data; }

private:
    enum class part : std::uint8_t {
        size_begin,    // the first digit of a chunk's size
        size,          // its other digits
        extension,     // after the size, until the line ends
        size_end,      // the LF of that line
        data,          // the bytes of the chunk
        data_cr,       // the CR after them
        data_lf,       // the LF after that
        line,          // the first byte of a trailer, or the last CR
        trailer_name,  // until the colon
        trailer,       // until the line ends
        trailer_end,   // the LF of that line
        end,           // the last LF
    };

    std::size_t read_data(std::string_view received);
    void read_framing(char next);
    void read_size_end(char next);
    void add_digit(char next);
    void skip(bool is_acceptable, part then);
    void expect(char wanted, char next, part then);
    void fail() { x_state = chunked_state::malformed; }

    std::string x_data;
    std::size_t x_max_bytes;
    std::size_t x_extra_left;
    std::uint64_t x_size = 0;  // of the chunk, and then what is missing of it
    chunked_state x_state = chunked_state::incomplete;
    part x_part = part::size_begin;
    std::uint8_t x_digits = 0;
};

}  // namespace nullworker::net
