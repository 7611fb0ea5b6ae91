#include <nullworker/autoscaler/reporter.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/wire/status_report.hpp>

#include <utility>

#include <sys/statvfs.h>

namespace nullworker::autoscaler {
namespace {

using clock = std::chrono::steady_clock;

// Used space on / in GiB; 0 where it cannot be told.
double used_disk() {
    struct statvfs disk {};
    if (::statvfs("/", &disk) != 0)
        return 0;
    constexpr double gib = 1024.0 * 1024.0 * 1024.0;
    return static_cast<double>(disk.f_blocks - disk.f_bfree) * static_cast<double>(disk.f_frsize) / gib;
}

}  // namespace

reporter::reporter(asio::any_io_executor executor, uplink line, worker_identity identity,
                   report_cadence cadence, reservation::desk& desk, const reservation::readiness& state)
    : x_line(std::move(line)),
      x_identity(std::move(identity)),
      x_cadence(cadence),
      x_desk(desk),
      x_state(state),
      x_changed(executor),
      x_pace(executor),
      x_disk_reported(used_disk()) {}

asio::awaitable<void> reporter::run() {
    co_await settle();
    auto earliest = clock::now();  // when the next report may go out
    auto latest = earliest;        // and when it must
    x_changed.ring();
    // What came after the last report was written is owed even when finishing.
    while (!x_finishing || x_owed) {
        co_await x_changed.wait_until(latest);
        if (x_finishing && !x_owed)
            break;
        // Changes that come close together travel in one report.
        if (!x_finishing && clock::now() < earliest)
            co_await x_pace.wait_until(earliest);
        x_changed.silence();  // what rang until now is in this report
        x_owed = false;
        earliest = clock::now() + x_cadence.closest;
        latest = clock::now() + x_cadence.furthest;
        co_await report();
    }
}

// Most workers are ready within milliseconds. The first report waits a moment for that, else the pacing would
// hold back the one that says so.
asio::awaitable<void> reporter::settle() {
    const auto deadline = clock::now() + x_cadence.closest;
    while (!x_finishing && !x_state.ready() && x_state.error_message().empty() && clock::now() < deadline)
        co_await x_changed.wait_until(deadline);
}

// Returns when a report was accepted; each try tells the latest.
asio::awaitable<void> reporter::report() {
    const auto begun = clock::now();
    bool accepted = false;
    while (!accepted) {
        std::function<std::string()> body = [this] { return make_body(); };
        accepted = co_await x_line.post(std::move(body));
        if (!accepted)
            co_await x_line.pause_between_rounds();
    }
    ++x_accepted;
    x_latency.observe(seconds(clock::now() - begun).count());
    x_last_accepted = wire::accepted_report{.accepted_at = epoch_seconds(nullworker::now().wall),
                                            .address = x_line.accepted_by().text(),
                                            .cur_load = x_report.cur_load,
                                            .max_perf = x_report.max_perf,
                                            .error_msg = x_report.error_msg};
    x_desk.acknowledge(x_reported);
    x_disk_reported = x_disk_now;
    log::debug("report_accepted", {{"cur_load", x_reported.cur_load},
                                   {"new_load", x_reported.figures.new_load},
                                   {"cur_perf", x_reported.figures.cur_perf},
                                   {"rej_load", x_reported.figures.rej_load}});
}

std::string reporter::make_body() {
    x_reported = x_desk.take_snapshot();
    x_disk_now = used_disk();
    x_report = {
        .id = x_identity.id,
        .mtoken = x_identity.mtoken,
        .version = x_identity.version,
        .loadtime = x_state.load_time(),
        .cur_load = x_reported.cur_load,
        .rej_load = x_reported.figures.rej_load,
        .new_load = x_reported.figures.new_load,
        .cur_perf = x_reported.figures.cur_perf,
        .error_msg = x_state.error_message(),
        .max_perf = x_state.ready() ? x_identity.max_perf : 0.0,
        .num_requests_working = static_cast<std::int64_t>(x_reported.working_request_idxs.size()),
        .num_requests_recieved = x_reported.requests_received,
        .additional_disk_usage = x_disk_now - x_disk_reported,
        .working_request_idxs = x_reported.working_request_idxs,
        .url = x_identity.url,
    };
    return wire::to_json(x_report);
}

void reporter::finish() {
    x_finishing = true;
    x_line.hurry();
    x_pace.ring();
    x_changed.ring();
}

}  // namespace nullworker::autoscaler
