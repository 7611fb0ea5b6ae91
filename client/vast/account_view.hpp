#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/wire/account.hpp>
#include <nullworker/wire/routing.hpp>
#include <vast/failure.hpp>
#include <vast/serverless.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace nullworker::client {

// What console and autoscaler tell the owner of endpoints. It asks and changes nothing, and what it returns
// has no key in it but that of an endpoint.
class account_view {
public:
    account_view(asio::any_io_executor executor, service where);

    [[nodiscard]] asio::awaitable<outcome<std::vector<wire::endpoint_info>>> endpoints();
    [[nodiscard]] asio::awaitable<outcome<std::vector<wire::workergroup_info>>> workergroups();
    [[nodiscard]] asio::awaitable<outcome<wire::account_info>> account();
    [[nodiscard]] asio::awaitable<outcome<std::vector<wire::instance_info>>> instances();
    [[nodiscard]] asio::awaitable<outcome<wire::endpoint_logs>> logs(std::int64_t endpoint);

    // Asks for a worker of that endpoint without a key, which rents none: the answer is a refusal.
    [[nodiscard]] asio::awaitable<outcome<net::reply>> knock(std::string endpoint);

private:
    asio::awaitable<outcome<net::reply>> ask(net::call request, const char* what);
    [[nodiscard]] net::call get(const char* path) const;
    [[nodiscard]] failure cleaned(failure why) const;

    asio::any_io_executor x_executor;
    service x_where;
    net::way_out x_out;
};

}  // namespace nullworker::client
