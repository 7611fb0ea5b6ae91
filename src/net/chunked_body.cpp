#include "grammar.hpp"

#include <nullworker/net/chunked_body.hpp>

namespace nullworker::net {
namespace {

using namespace grammar;

// 15 hexadecimal digits cannot overflow 64 bits, whatever is added to them.
constexpr std::uint8_t max_size_digits = 15;

// The digit's value, or nothing below 16.
constexpr unsigned hex_value(char c) noexcept {
    if (is_digit(c))
        return static_cast<unsigned>(c - '0');
    const char letter = lower(c);
    return letter >= 'a' && letter <= 'f' ? static_cast<unsigned>(letter - 'a' + 10) : 16;
}

}  // namespace

std::size_t chunked_body::read(std::string_view received) {
    std::size_t used = 0;
    while (x_state == chunked_state::incomplete && used < received.size()) {
        if (x_part == part::data)
            used += read_data(received.substr(used));
        else
            read_framing(received[used++]);
    }
    return used;
}

std::size_t chunked_body::read_data(std::string_view received) {
    const auto piece = received.substr(0, x_size);
    x_data += piece;
    x_size -= piece.size();
    if (x_size == 0)
        x_part = part::data_cr;
    return piece.size();
}

void chunked_body::read_framing(char next) {
    switch (x_part) {
        case part::size_begin:
            x_size = 0;
            x_digits = 0;
            x_part = part::size;
            return add_digit(next);
        case part::size:
            return read_size_end(next);
        case part::extension:
            if (next == '\r')
                x_part = part::size_end;
            else
                skip(is_field_char(next), part::extension);
            return;
        case part::size_end:
            return expect('\n', next, x_size == 0 ? part::line : part::data);
        case part::data_cr:
            return expect('\r', next, part::data_lf);
        case part::data_lf:
            return expect('\n', next, part::size_begin);
        case part::line:
            if (next == '\r')
                x_part = part::end;
            else
                skip(is_token_char(next), part::trailer_name);
            return;
        case part::trailer_name:
            if (next == ':')
                skip(true, part::trailer);
            else
                skip(is_token_char(next), part::trailer_name);
            return;
        case part::trailer:
            if (next == '\r')
                x_part = part::trailer_end;
            else
                skip(is_field_char(next), part::trailer);
            return;
        case part::trailer_end:
            return expect('\n', next, part::line);
        case part::end:
            x_state = next == '\n' ? chunked_state::complete : chunked_state::malformed;
            return;
        case part::data:
            break;
    }
}

// A blank after the size is refused: what comes next would be in doubt.
void chunked_body::read_size_end(char next) {
    if (next != '\r' && next != ';')
        return add_digit(next);
    if (x_size > x_max_bytes - x_data.size())
        x_state = chunked_state::too_large;
    else if (next == '\r')
        x_part = part::size_end;
    else
        skip(true, part::extension);
}

void chunked_body::add_digit(char next) {
    const unsigned value = hex_value(next);
    if (value > 15 || ++x_digits > max_size_digits)
        return fail();
    x_size = x_size * 16 + value;
}

void chunked_body::skip(bool is_acceptable, part then) {
    if (!is_acceptable || x_extra_left == 0)
        return fail();
    --x_extra_left;
    x_part = then;
}

void chunked_body::expect(char wanted, char next, part then) {
    if (next != wanted)
        return fail();
    x_part = then;
}

}  // namespace nullworker::net
