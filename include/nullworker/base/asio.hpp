#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace nullworker {

namespace asio = boost::asio;

// The one completion token for I/O: errors come back as values, `auto [ec, n] = co_await op(…, nothrow)`.
inline constexpr auto nothrow = asio::as_tuple(asio::use_awaitable);

}  // namespace nullworker
