#pragma once

#include <nullworker/base/background_writer.hpp>
#include <nullworker/base/clock.hpp>
#include <terminal/live_area.hpp>
#include <terminal/paint.hpp>
#include <terminal/screen.hpp>
#include <terminal/tally.hpp>

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
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
// beneath the lines a view that tells where everything stands; or one JSON object an event. Whatever text it
// is given, what a peer wrote included, is shown printable, and in ASCII where the user's locale is no
// better.
class progress {
public:
    enum class form { lines, json };
    enum class view { drawn, none };

    using value = std::variant<std::monostate, std::int64_t, double, std::string>;
    using field = std::pair<std::string, value>;

    // Makes the rows of a view for that much room.
    using painter = std::function<std::vector<text_row>(screen_size room, charset letters)>;

    // Writes to `out`, which outlives it, at the pace of whoever reads there: what finds no room is dropped,
    // and it is told how much that was. Draws a view only where `out` is a terminal that can; until another
    // one is named, it is a line with a symbol for each of the `sessions`.
    progress(std::FILE* out, form shape, int sessions, view wanted = view::drawn);
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

    // The last words: what became of the sessions. `rest` goes behind that, and `more` into the event.
    void summary(const tally& sessions, const std::string& rest, const std::vector<field>& more = {});

    // Whether everything is there for the reader; if not, it soon will be.
    [[nodiscard]] bool is_all_shown() { return x_out.is_done(); }

    // Rows as they are, as the last words of a run; nothing for programs.
    void print(const std::vector<text_row>& rows);

    // How much room a row has.
    [[nodiscard]] screen_size room() const { return x_screen.size(); }

    // Whether there is a view at all.
    [[nodiscard]] bool draws() const noexcept { return x_draws; }

    // From now on the view is what `paint` makes, which is called from here; another one whenever `revision`
    // is, or where there is none after each line and each call of `touch`.
    void show_beneath(painter paint, std::function<std::uint64_t()> revision = {});
    void touch() noexcept { ++x_touched; }

    // `told` hears of each call of `session`, with all that is known of the session's names.
    using listener = std::function<void(int number, const std::string& state, const session_identity& ids)>;
    void on_session(listener told) { x_on_session = std::move(told); }

    // Draws the view where that is due: it is another one now, the terminal has another size, it gave way to
    // a line, or it is a second old. Whoever calls this bounds how often that can be.
    void refresh(std::chrono::steady_clock::time_point now);

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
    void write_above_the_view(const std::string& text);
    void paint_the_view();
    [[nodiscard]] palette colours() const { return {locale_charset(), x_screen.has_colours()}; }
    [[nodiscard]] std::vector<text_row> status(std::size_t width, charset letters) const;
    double elapsed() const;

    form x_form;
    screen x_screen;
    bool x_draws;
    painter x_painter;
    std::function<std::uint64_t()> x_revision;
    listener x_on_session;
    std::uint64_t x_touched = 0;
    std::uint64_t x_painted_revision = 0;
    std::vector<std::string> x_painted;
    screen_size x_painted_for;
    std::chrono::steady_clock::time_point x_painted_at{};
    live_area x_area;
    std::chrono::steady_clock::time_point x_start = std::chrono::steady_clock::now();
    std::vector<slot> x_sessions;
    std::map<std::string, int> x_workers;
    std::vector<int> x_story{0};
    std::chrono::steady_clock::time_point x_counted_at = x_start;  // up to when this is told:
    seconds x_machine_time{};
    background_writer x_out;
};

}  // namespace nullworker::client
