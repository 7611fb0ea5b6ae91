#pragma once

#include <nullworker/autoscaler/dead_addresses.hpp>
#include <nullworker/autoscaler/delivery.hpp>
#include <nullworker/autoscaler/reach_watch.hpp>
#include <nullworker/base/asio.hpp>
#include <nullworker/base/trouble.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/net/http_client.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nullworker::autoscaler {

// What a line carries, and where to.
struct uplink_settings {
    std::vector<url> addresses;
    std::string name;  // of the messages, for the log
    std::string path;  // behind an address
    delivery_policy policy = {};

    // What is known of dead addresses, shared with other lines; null: this one finds out by itself.
    std::shared_ptr<dead_addresses> dead = nullptr;

    // Is told what becomes of the messages; outlives the line. Null: nobody is.
    reach_watch* reach = nullptr;

    // Waited for between the making of a message and its sending; empty: nothing is.
    std::function<asio::awaitable<void>()> before_sending = {};
};

// One line to the autoscaler: posts messages to the first address that accepts them, beginning with one that
// is not known to be dead.
class uplink {
public:
    uplink(asio::any_io_executor executor, net::way_out out, uplink_settings settings);

    // Posts what `make_body` returns; it is called anew for each try, so that a late try tells the latest.
    // True once an address answered 2xx, false when all of them were tried in vain.
    [[nodiscard]] asio::awaitable<bool> post(std::function<std::string()> make_body);

    // The address that accepted last; there must have been one.
    [[nodiscard]] const url& accepted_by() const { return x_settings.addresses.at(x_accepted_by); }

    [[nodiscard]] const std::vector<url>& addresses() const noexcept { return x_settings.addresses; }

    // Tries in vain so far, by address.
    [[nodiscard]] const std::vector<std::uint64_t>& failures() const noexcept { return x_failures; }

    // Waits before `post` is called again after a round in vain.
    [[nodiscard]] asio::awaitable<void> pause_between_rounds();

    // Goes on with a connection that another one has to the same addresses, where this line has none.
    void take_over(net::http_client& other) { x_client.take_over(other); }

    // The process is about to end: from now on one try an address, and short pauses.
    void hurry();

    // Without an address nothing can ever be posted.
    [[nodiscard]] bool has_address() const noexcept { return !x_settings.addresses.empty(); }

private:
    asio::awaitable<trouble> attempt(std::size_t address, std::string body, delivery_policy::duration limit);
    [[nodiscard]] delivery plan() const;
    void note_success(std::size_t address);
    void note_failure(std::size_t address, const trouble& met);

    uplink_settings x_settings;
    net::http_client x_client;
    wakeup x_pause;
    std::vector<std::uint64_t> x_failures;  // as many as there are addresses
    std::size_t x_accepted_by = 0;
    bool x_failing = false;
    bool x_hurrying = false;
};

}  // namespace nullworker::autoscaler
