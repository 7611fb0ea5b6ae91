#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/wire/session_outcome.hpp>
#include <watch/known_sessions.hpp>
#include <watch/timeline.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nullworker::client::watch {

// A reservation as the state file of `follow` has it.
struct noted_session {
    std::uint64_t order = 0;       // of being opened; numbers are used again
    std::int64_t request_idx = 0;  // 0: not known yet
    std::string session_id = {};   // empty: there is none yet
    std::optional<double> cost = {};
    std::chrono::steady_clock::time_point until{};  // its time is over then, by what was heard last
    bool retiring = false;
    bool lost = false;  // silent for so long that it does not count any more
};

// What a session's worker says of it.
struct session_answer {
    bool over = false;                                  // its worker does not hold it any more
    std::optional<wire::session_outcome> outcome = {};  // of one that is over, where that was said
    std::optional<seconds> left = {};                   // until its planned end
    bool retiring = false;
    std::optional<std::int64_t> worker = {};  // earlier workers, and Vast's own, do not say it
};

// The sessions that a `follow` on this machine has, without I/O: what its file says, read again and again,
// and what their workers say, each of which is asked now and then. Times that nobody told are those of the
// reading that showed the change.
class own_sessions final : public known_sessions {
public:
    // All that is in the file now, by its number there.
    void read(const std::map<int, noted_session>& in_file, instant now);

    // The session whose worker is to be asked next, and when; nothing where there is none.
    struct inquiry {
        std::string key;
        time_point at;
    };
    [[nodiscard]] std::optional<inquiry> next() const;

    void answered(const std::string& key, const session_answer& told, instant now);

    // Its worker did not answer.
    void unanswered(const std::string& key, time_point now);

    // The key of what is in the file under a number.
    [[nodiscard]] std::optional<std::string> key_of(int number) const;
    [[nodiscard]] bool is_known(const std::string& key) const { return x_all.contains(key); }

    [[nodiscard]] std::vector<session_row> take_news() override;
    [[nodiscard]] std::map<std::int64_t, presence> by_worker(time_point since) const override;
    [[nodiscard]] std::int64_t waiting() const override;
    [[nodiscard]] bool has_unplaced() const override;

private:
    struct session {
        session_row row;
        int number = 0;
        std::uint64_t order = 0;
        bool file_retiring = false;
        bool told_retiring = false;             // by its worker
        bool over = false;                      // its worker said so
        std::optional<instant> left_at = {};    // the file
        unsigned unheard = 0;                   // times in a row
        std::optional<time_point> ask_at = {};  // nothing: nobody is asked
    };

    [[nodiscard]] static bool is_another(const session& known, const noted_session& noted);
    session* add(int number, const noted_session& noted, instant now);
    void take(session& of, const noted_session& noted, instant now);
    void leave(session& of, instant now);
    void note_retiring(session& of, instant now);
    void plan_end(session& of, instant at);
    void finish(session& of, const char* outcome, instant at);
    void forget_ended(instant now);

    std::map<std::string, session> x_all;  // by key
    std::map<int, std::string> x_keys;     // of what is in the file
    std::set<std::string> x_news;
    std::uint64_t x_last_key = 0;
    bool x_was_read = false;
};

}  // namespace nullworker::client::watch
