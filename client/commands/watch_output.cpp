#include <commands/watch_output.hpp>
#include <nullworker/base/program_start.hpp>
#include <terminal/dashboard.hpp>
#include <terminal/redrawing.hpp>
#include <watch/timeline_json.hpp>

#include <chrono>
#include <map>
#include <utility>

namespace nullworker::client {
namespace {

constexpr std::size_t most_unread = 16 * 1024 * 1024;
constexpr std::chrono::seconds patience_with_the_reader(1);

// The next document says it by its `reset`.
std::string say_nothing_of_missing(std::uint64_t) {
    return {};
}

std::map<std::string, int> named(const std::map<watch::lane_state, int>& workers) {
    std::map<std::string, int> out;
    for (const auto& [state, count] : workers)
        out[to_string(state)] = count;
    return out;
}

}  // namespace

watch_output::watch_output(std::FILE* out, watch_form form, const watch::timeline& told) : x_told(told) {
    if (form == watch_form::documents) {
        x_documents.emplace(::fileno(out), most_unread, say_nothing_of_missing);
        return;
    }
    x_lines.emplace(out, progress::form::lines, 0);
    x_lines->show_beneath([this](screen_size room, charset) { return dashboard(x_told, now(), room); });
}

watch_output::~watch_output() {
    if (!x_documents)
        return;
    (void)x_documents->flush(patience_with_the_reader);
    if (x_documents->has_failed())
        note_lost_output();
}

void watch_output::note(const std::string& text) {
    if (x_lines)
        x_lines->note(text);
}

void watch_output::show(instant now) {
    if (!x_lines)
        return show_document(now);
    x_lines->workers(named(x_told.look(now).workers));
    for (const auto& line : x_news.take(x_told, now))
        x_lines->note(line);
    x_lines->touch();
}

asio::awaitable<void> watch_output::keep_redrawn() {
    if (x_lines)
        co_await client::keep_redrawn(*x_lines);
}

void watch_output::show_document(instant now) {
    const bool is_missing = std::exchange(x_dropped, x_documents->dropped()) != x_documents->dropped();
    if (x_revision == x_told.revision() && !is_missing)
        return;
    x_documents->write(document_of(x_told, now, is_missing ? 0 : x_revision) + '\n');
    x_revision = x_told.revision();
}

}  // namespace nullworker::client
