#pragma once

#include <nullworker/base/background_writer.hpp>
#include <nullworker/base/clock.hpp>
#include <terminal/screen.hpp>
#include <terminal/tally.hpp>

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nullworker::client {

// How others name a session; what is not known is left out, and stands as it was told before.
struct session_identity {
    std::optional<std::int64_t> request_idx = {};
    std::string worker_url = {};
    std::string session_id = {};
};

// What a person or a program sees of a run: a line an event with the time since the start, and on a terminal
// a last line that tells where everything stands; or one JSON object an event. Whatever text it is given,
// what a peer wrote included, is shown printable, and in ASCII where the user's locale is no better.
class progress {
public:
    enum class form { lines, json };
    enum class last_line { drawn, none };

    using field = std::pair<std::string, std::variant<std::int64_t, std::string>>;

    // Writes to `out`, which outlives it, at the pace of whoever reads there: what finds no room is dropped,
    // and it is told how much that was. Draws the last line only where `out` is a terminal that can.
    progress(std::FILE* out, form shape, int sessions, last_line wanted = last_line::drawn);
    ~progress();
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;

    // Session `number` (from 1) is now `state`; `detail` may be empty. "asking" begins a new one. There may
    // be more of them than was said.
    void session(int number, const std::string& state, const std::string& detail,
                 const session_identity& ids = {});

    // How many workers are in which state; a line only when that changed.
    void workers(const std::map<std::string, int>& by_state);

    // A sentence for people; for programs an event `name` with what it tells as fields.
    void tell(const std::string& name, const std::vector<field>& fields, const std::string& text);

    void note(const std::string& text) { tell("note", {}, text); }

    // The last words: what became of the sessions. `rest` goes behind that.
    void summary(const tally& sessions, const std::string& rest);

    // Whether everything is there for the reader; if not, it soon will be.
    [[nodiscard]] bool is_all_shown() { return x_out.is_done(); }

    // Draws the last line anew: the terminal has another size.
    void redraw();

    // How long workers were there up to now, all taken together.
    [[nodiscard]] seconds machine_time() const;

    // The numbers of workers seen so far, each time they changed, from 0 on.
    [[nodiscard]] const std::vector<int>& worker_story() const noexcept { return x_story; }

private:
    struct slot {
        std::string state;
        session_identity ids;
    };

    static std::string dumped(const nlohmann::json& event);
    void line(const std::string& subject, const std::string& text);
    void json(const std::string& fields);
    [[nodiscard]] std::string erased_status();
    [[nodiscard]] std::string drawn_status();
    [[nodiscard]] std::string status(std::size_t width) const;
    double elapsed() const;

    form x_form;
    screen x_screen;
    bool x_draws;
    std::size_t x_drawn = 0;  // columns of the last line that is there
    std::chrono::steady_clock::time_point x_start = std::chrono::steady_clock::now();
    std::vector<slot> x_sessions;
    std::map<std::string, int> x_workers;
    std::vector<int> x_story{0};
    std::chrono::steady_clock::time_point x_counted_at = x_start;  // up to when this is told:
    seconds x_machine_time{};
    background_writer x_out;
};

}  // namespace nullworker::client
