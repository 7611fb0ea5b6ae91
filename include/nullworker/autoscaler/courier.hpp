#pragma once

#include <nullworker/autoscaler/uplink.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/reservation/desk.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace nullworker::autoscaler {

// The addresses that may be sent completions: all but the framework's Redis gateway.
[[nodiscard]] std::vector<url> completion_addresses(std::vector<url> all);

// Delivers completions in order, the first at once and others that come soon behind it together. They stay in
// the desk's outbox until an address has accepted them.
class courier {
public:
    // `desk` outlives it.
    courier(asio::any_io_executor executor, uplink line, std::int64_t worker_id, std::string mtoken,
            reservation::desk& desk);

    // There may be new completions. Says so, once an outage, when old ones had to be dropped for them.
    void notify();

    // Delivers until `finish`, then what is left, in a hurry; returns when nothing is.
    [[nodiscard]] asio::awaitable<void> run();
    void finish();

    // Completions that an address accepted so far.
    [[nodiscard]] std::uint64_t delivered() const noexcept { return x_delivered; }

    [[nodiscard]] const uplink& line() const noexcept { return x_line; }

private:
    asio::awaitable<bool> deliver_one_parcel();

    uplink x_line;
    std::int64_t x_worker_id;
    std::string x_mtoken;
    reservation::desk& x_desk;
    wakeup x_changed;
    wakeup x_pace;
    std::uint64_t x_dropped = 0;
    bool x_dropping = false;
    std::uint64_t x_delivered = 0;
    bool x_finishing = false;
};

}  // namespace nullworker::autoscaler
