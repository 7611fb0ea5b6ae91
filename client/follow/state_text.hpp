#pragma once

#include <follow/roster.hpp>
#include <nullworker/base/clock.hpp>
#include <vast/failure.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

// What `follow` writes of its sessions, so that another one can go on with them: a text of lines. The first
// names the format, the boot of the machine, and whose sessions they are. Each of the others is about one
// session: all of it, or what was heard of it since, or that it is gone. The last one that was written in
// part counts for nothing.
namespace nullworker::client {

// A session as it is written.
struct kept_session {
    roster_entry entry;            // but for what is known for the moment only
    std::int64_t request_idx = 0;  // 0: not known yet
    std::string worker_url;        // empty: there is no grant yet
    std::string grant;             // JSON
    std::string claim;
    std::string session_id;  // empty: there is none yet, as far as is known
};

// The endpoint of the sessions.
struct state_owner {
    std::string autoscaler;  // its origin
    std::int64_t endpoint_id = 0;

    bool operator==(const state_owner&) const = default;
};

[[nodiscard]] std::string state_head(const std::string& boot_id, const state_owner& owner);

// The line that has all of it.
[[nodiscard]] std::string state_line(int number, const kept_session& one, instant now);

// The line that has what was heard.
[[nodiscard]] std::string heard_line(int number, const roster_entry& entry, instant now);

[[nodiscard]] std::string gone_line(int number);

// The sessions of a text by number. Their times are by this process's clock: the monotonic one says how much
// is left, where the machine was not started anew since, and else the wall clock. Fails where the text is
// none of ours, or of another owner, whom it names.
[[nodiscard]] outcome<std::map<int, kept_session>> read_state_text(std::string_view text,
                                                                   const std::string& boot_id,
                                                                   const state_owner& owner, instant now);

// The lines that a text needs, by session: what was superseded goes. What is given to it was made above.
class state_digest {
public:
    void put(int number, std::string line);
    void hear(int number, std::string line);
    void drop(int number);

    // All of them.
    [[nodiscard]] std::string text() const;

    // How long that would be.
    [[nodiscard]] std::size_t size() const noexcept { return x_size; }

private:
    struct lines {
        std::string whole;
        std::string heard;
    };

    std::map<int, lines> x_lines;
    std::size_t x_size = 0;
};

}  // namespace nullworker::client
