#include <nullworker/autoscaler/reporter.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/wire/status_report.hpp>

#include <utility>

#include <sys/statvfs.h>

namespace nullworker::autoscaler {
namespace {

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
    using clock = std::chrono::steady_clock;
    // Most workers are ready within milliseconds. The first report waits a moment for that, else the pacing
    // would hold back the one that says so.
    const auto settled_by = clock::now() + x_cadence.closest;
    while (!x_finishing && !x_state.ready() && x_state.error_message().empty() && clock::now() < settled_by)
        co_await x_changed.wait_until(settled_by);
    x_changed.ring();  // the first report is owed, even when finishing

    auto last = clock::time_point::min();
    // A change that came after the last report was written is owed even when finishing.
    while (!x_finishing || x_changed.rung()) {
        const auto due = last == clock::time_point::min() ? last : last + x_cadence.furthest;
        co_await x_changed.wait_until(due);
        if (!x_finishing && last != clock::time_point::min()) {
            // Changes that come this close together travel in one report.
            const auto earliest = last + x_cadence.closest;
            if (clock::now() < earliest)
                co_await x_pace.wait_until(earliest);
        }
        x_changed.silence();  // what rang until now is in this report
        last = clock::now();
        for (bool accepted = co_await report(); !accepted; accepted = co_await report())
            co_await x_line.pause_between_rounds();
    }
}

asio::awaitable<bool> reporter::report() {
    std::function<std::string()> body = [this] { return make_body(); };
    const bool accepted = co_await x_line.post(std::move(body));
    if (accepted) {
        x_desk.acknowledge(x_reported);
        x_disk_reported = x_disk_now;
        x_last_accepted = now();
        log::debug("report_accepted", {{"cur_load", x_reported.cur_load},
                                       {"new_load", x_reported.figures.new_load},
                                       {"cur_perf", x_reported.figures.cur_perf},
                                       {"rej_load", x_reported.figures.rej_load}});
        co_return true;
    }
    co_return false;
}

std::string reporter::make_body() {
    x_reported = x_desk.take_snapshot();
    x_disk_now = used_disk();
    return wire::to_json({
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
    });
}

void reporter::finish() {
    x_finishing = true;
    x_line.hurry();
    x_pace.ring();
    x_changed.ring();
}

}  // namespace nullworker::autoscaler
