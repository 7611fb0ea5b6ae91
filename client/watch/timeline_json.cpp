#include <watch/json_text.hpp>
#include <watch/timeline_json.hpp>

#include <optional>

namespace nullworker::client::watch {
namespace {

void write(json_text& to, const std::optional<overview::longest>& longest) {
    if (!longest)
        return to.null();
    to.open_object();
    to.member("worker", longest->worker);
    to.member("seconds", longest->lasted);
    to.close();
}

void write(json_text& to, const sums& total) {
    to.key("seconds");
    to.open_object();
    to.member("paid", total.paid);
    to.member("used", total.used);
    to.member("idle", total.idle);
    to.member("unknown", total.unknown);
    to.close();
    to.member("dollars", total.dollars);
    to.member("dollars_per_hour", total.dollars_per_hour);
}

void write(json_text& to, const std::vector<overview::fault>& errors) {
    to.open_array();
    for (const auto& [worker, reason] : errors) {
        to.open_object();
        to.member("worker", worker);
        to.member("reason", reason);
        to.close();
    }
    to.close();
}

void write(json_text& to, const overview& seen) {
    to.open_object();
    to.key("workers");
    to.open_object();
    for (const auto& [state, count] : seen.workers)
        to.member(to_string(state), count);
    to.close();
    to.member("running", seen.running);
    to.member("taken", seen.taken);
    to.member("idle", seen.idle);
    to.member("loading", seen.loading);
    to.member("queue", seen.queue);
    to.key("longest_loading");
    write(to, seen.longest_loading);
    to.key("longest_idle");
    write(to, seen.longest_idle);
    to.key("errors");
    write(to, seen.errors);
    to.member("max_workers", seen.max_workers);
    to.member("max_reached", seen.max_reached);
    to.member("peak_workers", seen.peak_workers);
    to.member("heard_at", seen.heard_at);
    to.member("stale", seen.stale);
    to.member("trouble", seen.trouble);
    write(to, seen.total);
    to.close();
}

void write(json_text& to, const changes::lane_news& news) {
    to.open_object();
    to.member("lane", news.of->number);
    to.member("worker", news.of->worker);
    to.key("spans");
    to.open_array();
    for (auto place = news.first; place < news.of->spans.size(); ++place) {
        const auto& each = news.of->spans[place];
        to.open_object();
        to.member("index", std::uint64_t{news.of->first_index + place});
        to.member("state", to_string(each.state));
        to.member("from", each.from);
        to.member("to", each.to);
        to.member("why", each.why);
        to.close();
    }
    to.close();
    to.close();
}

void write(json_text& to, const kept_session& kept, instant now) {
    const auto& row = kept.row;
    to.open_object();
    to.member("key", row.key);
    to.member("session_id", row.session_id);
    to.member("request_idx", row.request_idx);
    to.member("worker", row.worker);
    to.member("lane", kept.lane);
    to.member("cost", row.cost);
    to.member("asked_at", row.asked_at);
    to.member("held_at", row.held_at);
    to.member("retiring_at", row.retiring_at);
    to.member("planned_end", row.planned_end);
    to.member("ended_at", row.ended_at);
    to.member("outcome", row.outcome);
    to.member("wait", row.wait(now));
    to.member("hold", row.hold(now));
    to.close();
}

void write(json_text& to, const sample& taken) {
    to.open_object();
    to.member("at", taken.at);
    to.member("load", taken.load);
    to.member("capacity", taken.capacity);
    to.member("queue", taken.queue);
    to.close();
}

void write_parameters(json_text& to, const timeline& told) {
    to.open_array();
    for (const auto& [name, value] : told.parameters()) {
        to.open_array();
        to.value(name);
        to.value(value);
        to.close();
    }
    to.close();
}

void write_news(json_text& to, const timeline& told, const changes& news, instant now) {
    to.key("workers");
    to.open_array();
    for (const auto& each : news.lanes)
        write(to, each);
    to.close();
    to.key("sessions");
    to.open_array();
    for (const auto* each : news.sessions)
        write(to, *each, now);
    to.close();
    to.key("samples");
    to.open_array();
    for (auto place = news.first_sample; place < told.samples().size(); ++place)
        write(to, told.samples()[place]);
    to.close();
}

}  // namespace

std::string document_of(const timeline& told, instant now, std::uint64_t since) {
    const auto news = told.since(since);
    const auto& about = told.settings();
    json_text to;
    to.open_object();
    to.member("run", about.run);
    to.member("revision", told.revision());
    to.member("reset", news.reset);
    to.member("at", now);
    to.member("title", about.title);
    to.member("source", about.source);
    to.member("poll_interval", about.poll_interval);
    to.member("history", about.history.age);
    to.key("overview");
    write(to, told.look(now));
    to.key("parameters");
    write_parameters(to, told);
    write_news(to, told, news, now);
    to.close();
    return to.take();
}

}  // namespace nullworker::client::watch
