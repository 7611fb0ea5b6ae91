#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nullworker::net {

// Reads the head of an answer by whatever program, as tolerant as curl does: a line may end with LF alone,
// the status needs no reason, fields that make no sense are passed over, and so are interim answers. Who asks
// no more than once on a connection need not know exactly where an answer ends. No I/O.
class tolerant_head {
public:
    enum class state : std::uint8_t {
        incomplete,
        complete,
        not_http,   // it is something else
        too_large,  // more than 100 KiB, or too many interim answers
    };

    // Reads on in `received`: all that came of the answer so far. What follows the head is not looked at.
    state read(std::string_view received);

    // Nothing more comes: whether what came has a status, which will do then.
    state end(std::string_view received);

    // Once it is complete:
    [[nodiscard]] unsigned status() const noexcept { return x_status; }
    [[nodiscard]] std::size_t size() const noexcept { return x_line; }  // in bytes
    [[nodiscard]] std::vector<std::pair<std::string, std::string>>& fields() noexcept { return x_fields; }

    // How long the body is, where a length was given.
    [[nodiscard]] std::optional<std::size_t> length() const noexcept { return x_length; }

private:
    void take_line(std::string_view line);
    void take_status(std::string_view line);
    void take_field(std::string_view line);

    state x_state = state::incomplete;
    std::size_t x_line = 0;      // where the current line begins
    std::size_t x_searched = 0;  // up to where there is no end of it
    unsigned x_status = 0;       // 0: not yet
    int x_interim = 0;
    std::vector<std::pair<std::string, std::string>> x_fields;
    std::optional<std::size_t> x_length;
};

}  // namespace nullworker::net
