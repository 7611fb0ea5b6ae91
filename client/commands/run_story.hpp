#pragma once

#include <nullworker/base/clock.hpp>
#include <terminal/paint.hpp>
#include <terminal/progress.hpp>
#include <terminal/run_figures.hpp>
#include <vast/venue.hpp>
#include <watch/endpoint_view.hpp>
#include <watch/run_sessions.hpp>
#include <watch/timeline.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::client {

// What becomes of a run that holds sessions, as a timeline, and how that is shown. Of a fleet of its own it
// is the fleet's timeline; of an endpoint elsewhere one that is made of what the run does and of the lists of
// workers that it reads.
class run_story {
public:
    // `place` outlives it. Elsewhere the list of workers is read that often.
    run_story(venue& place, seconds poll_interval);

    // What the run does: its session `number` is in another state, is to end then, is at that worker.
    void step(int number, const std::string& state, const session_identity& ids);
    void plan(int number, std::chrono::steady_clock::time_point end);
    void found_at(int number, std::int64_t worker);

    // The list of workers, or why it did not come. A fleet of its own tells more than that by itself.
    void heard(const std::vector<wire::worker_info>& list);
    void failed(const std::string& why);

    // What the owner of an endpoint elsewhere can read of it, and whether workers came whose price was not
    // asked for yet.
    void heard(const std::vector<wire::endpoint_info>& endpoints, const std::string& name);
    void heard(const std::vector<wire::instance_info>& instances);
    [[nodiscard]] bool take_newcomers() { return x_view && x_view->take_newcomers(); }

    // Grows with each change.
    [[nodiscard]] std::uint64_t revision();

    // Where all stands, in a part of that much room: the lines above it are to be seen, too.
    [[nodiscard]] std::vector<text_row> dashboard(screen_size room);

    // What it came to: as text of that width, and as the document that the page shows.
    [[nodiscard]] std::vector<text_row> drawing(std::size_t width, charset letters);
    [[nodiscard]] run_figures figures();
    [[nodiscard]] std::string document();

private:
    [[nodiscard]] bool is_elsewhere() const { return x_view.has_value(); }
    [[nodiscard]] watch::timeline& told(instant now);
    void tell_sessions(instant now);
    [[nodiscard]] std::string name_of(int number) const;

    venue& x_place;
    std::optional<watch::timeline> x_elsewhere;
    std::optional<watch::endpoint_view> x_view;
    watch::run_sessions x_sessions;
    std::uint64_t x_steps = 0;
};

}  // namespace nullworker::client
