#include <nullworker/base/process.hpp>
#include <nullworker/base/reaper.hpp>

#include <chrono>

#include <sys/prctl.h>
#include <unistd.h>

namespace nullworker {
namespace {

constexpr auto look_every = std::chrono::seconds(1);

bool inherits_orphans() {
    int is_subreaper = 0;
    return ::getpid() == 1 || (::prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper) == 0 && is_subreaper != 0);
}

}  // namespace

reaper::reaper(const asio::any_io_executor& executor) : x_timer(executor) {
    if (inherits_orphans())
        look_later();
}

void reaper::look_later() {
    x_timer.expires_after(look_every);
    x_timer.async_wait([this](const error_code& ec) {
        if (ec || x_cancelled)
            return;
        reap_inherited();
        look_later();
    });
}

void reaper::cancel() {
    x_cancelled = true;
    x_timer.cancel();
}

}  // namespace nullworker
