#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/background_writer.hpp>
#include <nullworker/base/clock.hpp>
#include <terminal/progress.hpp>
#include <watch/news_lines.hpp>
#include <watch/timeline.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

namespace nullworker::client {

enum class watch_form { lines, documents };

// What `watch` writes of a timeline: lines for people, and beneath them on a terminal how all of it stands;
// or documents as the page gets them, one a line. Never waits for the reader: a document that found no room
// is made up for by a whole one.
class watch_output {
public:
    // `told` outlives it.
    watch_output(std::FILE* out, watch_form form, const watch::timeline& told);
    ~watch_output();
    watch_output(const watch_output&) = delete;
    watch_output& operator=(const watch_output&) = delete;

    // What a person should know. A program that reads documents does without it.
    void note(const std::string& text);

    // What changed since the last time. The timeline was advanced to `now` before.
    void show(instant now);

    // Keeps what is beneath the lines as it is to be, until cancelled.
    [[nodiscard]] asio::awaitable<void> keep_redrawn();

private:
    void show_document(instant now);

    const watch::timeline& x_told;
    std::optional<progress> x_lines;
    std::optional<background_writer> x_documents;
    watch::news_lines x_news;
    std::uint64_t x_revision = 0;
    std::uint64_t x_dropped = 0;
};

}  // namespace nullworker::client
