#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace nullworker::net {

using addresses = std::vector<asio::ip::address>;

struct resolver_settings {
    std::size_t most = 8;          // look-ups under way; one more fails at once
    bool keeps_last_good = false;  // and uses it where the system does not answer in time, or fails
    std::chrono::steady_clock::duration patience =
        std::chrono::seconds(2);  // with the system, where there is one

    // Asks the system; called on a thread of its own.
    std::function<result<addresses>(const std::string& host)> ask = {};  // empty: getaddrinfo
};

// Finds the addresses behind names. The system's look-up cannot be interrupted and may take half a minute, so
// each has a thread of its own: none waits for another, and one that nobody needs any more is left behind.
// Those who must not wait for the names of others have a resolver to themselves.
class resolver {
public:
    explicit resolver(asio::any_io_executor executor, resolver_settings settings = {});
    ~resolver();

    // The addresses of a name, or the address itself. Who asks for a name that is being looked up waits with
    // the others. Fails with errc::too_many_lookups or errc::no_thread, or as the system does.
    [[nodiscard]] asio::awaitable<result<addresses>> resolve(std::string host);

private:
    struct look_up;

    result<std::shared_ptr<look_up>> begin(const std::string& host);
    void answered(const std::string& host, look_up& about);
    asio::awaitable<result<addresses>> answer_to(std::shared_ptr<look_up> asked);

    asio::any_io_executor x_executor;
    resolver_settings x_settings;
    std::map<std::string, std::shared_ptr<look_up>> x_under_way;
    std::map<std::string, addresses> x_last_good;
};

}  // namespace nullworker::net
