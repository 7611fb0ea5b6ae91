#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/net/tls.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

#include <memory>
#include <string>
#include <utility>

namespace nullworker::fleet {

// One request on a connection of its own.
inline asio::awaitable<result<net::reply>> fetch(net::verb method, std::string address, std::string body = {},
                                                 std::string bearer = {}) {
    const auto executor = co_await asio::this_coro::executor;
    net::http_client client(executor, std::make_shared<net::tls_trust>());
    net::call request;
    request.method = method;
    request.target = parse_url(address).value();
    request.body = std::move(body);
    if (!bearer.empty())
        request.headers.emplace_back("Authorization", "Bearer " + bearer);
    co_return co_await client.send(std::move(request));
}

}  // namespace nullworker::fleet
