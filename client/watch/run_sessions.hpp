#pragma once

#include <nullworker/base/clock.hpp>
#include <watch/known_sessions.hpp>
#include <watch/timeline.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::client::watch {

// The reservations of one run of this program, by their numbers in it, as the run makes them.
class run_sessions final : public known_sessions {
public:
    struct names {
        std::optional<std::int64_t> request_idx = {};
        std::string session_id = {};
    };

    // The session is now in a state, as the client names them: `asking` begins another one of that number,
    // `released` and `failed` end it. A state that means nothing here changes nothing.
    void step(int number, const std::string& state, const names& known, instant at);

    // When it is to end, as far as that is known now; at which worker it is. Nothing for one that has ended.
    void plan(int number, instant end);
    void place(int number, std::int64_t worker);

    // How long those that were held were waited for, and how long those that have ended were held: as many as
    // anybody wants a median of.
    [[nodiscard]] const std::vector<seconds>& waits() const noexcept { return x_waits; }
    [[nodiscard]] const std::vector<seconds>& holds() const noexcept { return x_holds; }

    // Those that have not ended.
    [[nodiscard]] const std::map<int, session_row>& lasting() const noexcept { return x_lasting; }

    [[nodiscard]] std::vector<session_row> take_news() override;
    [[nodiscard]] std::map<std::int64_t, presence> by_worker(time_point since) const override;
    [[nodiscard]] std::int64_t waiting() const override;
    [[nodiscard]] bool has_unplaced() const override;

private:
    session_row& begin(int number);
    void end(int number, instant at);

    std::map<int, session_row> x_lasting;
    std::deque<session_row> x_ended;            // of late
    std::map<std::string, session_row> x_news;  // by key
    std::vector<seconds> x_waits;
    std::vector<seconds> x_holds;
    std::uint64_t x_begun = 0;
};

}  // namespace nullworker::client::watch
