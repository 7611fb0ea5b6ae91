#pragma once

#include <nullworker/autoscaler/dead_addresses.hpp>
#include <nullworker/autoscaler/delivery.hpp>
#include <nullworker/base/asio.hpp>
#include <nullworker/base/trouble.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/net/http_client.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nullworker::autoscaler {

// One line to the autoscaler: posts messages to the first address that accepts them, beginning with one that
// is not known to be dead.
class uplink {
public:
    // `name` and `path` say what is posted, for the log and the URL. What is known of dead addresses may be
    // shared with other lines; null: this one finds out by itself.
    uplink(asio::any_io_executor executor, net::way_out out, std::vector<url> addresses, std::string name,
           std::string path, delivery_policy policy = {}, std::shared_ptr<dead_addresses> dead = nullptr);

    // Posts what `make_body` returns; it is called anew for each try, so that a late try tells the latest.
    // True once an address answered 2xx, false when all of them were tried in vain.
    [[nodiscard]] asio::awaitable<bool> post(std::function<std::string()> make_body);

    // The address that accepted last; there must have been one.
    [[nodiscard]] const url& accepted_by() const { return x_addresses.at(x_accepted_by); }

    // Waits before `post` is called again after a round in vain.
    [[nodiscard]] asio::awaitable<void> pause_between_rounds();

    // The process is about to end: from now on one try an address, and short pauses.
    void hurry();

    // Without an address nothing can ever be posted.
    [[nodiscard]] bool has_address() const noexcept { return !x_addresses.empty(); }

private:
    asio::awaitable<trouble> attempt(std::size_t address, std::string body, delivery_policy::duration limit);
    [[nodiscard]] delivery plan() const;
    void note_success(std::size_t address);
    void note_failure(std::size_t address, const trouble& met);

    std::vector<url> x_addresses;
    std::string x_name;
    std::string x_path;
    delivery_policy x_policy;
    std::shared_ptr<dead_addresses> x_dead;
    net::http_client x_client;
    wakeup x_pause;
    std::size_t x_accepted_by = 0;
    bool x_failing = false;
    bool x_hurrying = false;
};

}  // namespace nullworker::autoscaler
