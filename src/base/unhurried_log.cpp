#include <nullworker/base/log.hpp>
#include <nullworker/base/unhurried_log.hpp>

#include <chrono>

namespace nullworker {

unhurried_log::unhurried_log(const asio::any_io_executor& executor) : x_timer(executor) {
    static constexpr std::chrono::milliseconds moment(1);
    log::call_writer_by([this] {
        x_timer.expires_after(moment);
        x_timer.async_wait([](const error_code& ec) {
            if (!ec)
                log::wake_writer();
        });
    });
}

unhurried_log::~unhurried_log() {
    log::call_writer_by({});
}

}  // namespace nullworker
