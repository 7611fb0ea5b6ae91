#include "support/drive.hpp"
#include "support/raw_connection.hpp"

#include <nullworker/net/connect.hpp>

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

namespace nullworker::net {
namespace {

using namespace std::chrono_literals;
using test::raw_listener;
using tcp = asio::ip::tcp;

tcp::endpoint on_loopback(std::uint16_t port) {
    return {asio::ip::address_v4::loopback(), port};
}

std::vector<tcp::endpoint> in_order(tcp::endpoint first, tcp::endpoint second) {
    return {first, second};
}

TEST(connect_share, a_single_endpoint_has_all_the_time) {
    EXPECT_EQ(connect_share(1, 10s), 10s);
    EXPECT_EQ(connect_share(0, 10s), 10s);
}

TEST(connect_share, one_of_several_has_two_seconds_at_most) {
    EXPECT_EQ(connect_share(2, 10s), 2s);
    EXPECT_EQ(connect_share(5, 10s), 2s);
}

TEST(connect_share, the_last_of_many_still_has_its_turn) {
    EXPECT_EQ(connect_share(10, 10s), 1s);
    EXPECT_EQ(connect_share(2, 100ms), 50ms);
}

TEST(connect, goes_on_to_the_second_endpoint_when_the_first_refuses) {
    asio::io_context loop;
    raw_listener listener(loop.get_executor());
    const auto closed = on_loopback(test::closed_port(loop.get_executor()));
    const auto open = on_loopback(listener.port());
    auto socket = test::drive(loop, connect_to_any(loop.get_executor(), in_order(closed, open), 10s));
    ASSERT_TRUE(socket.has_value()) << socket.error().message();
    EXPECT_EQ(socket->remote_endpoint(), open);
}

TEST(connect, fails_with_the_last_endpoints_error) {
    asio::io_context loop;
    const auto closed = on_loopback(test::closed_port(loop.get_executor()));
    const auto socket = test::drive(loop, connect_to_any(loop.get_executor(), in_order(closed, closed), 10s));
    EXPECT_EQ(socket.error(), asio::error::connection_refused);
    const auto nowhere = test::drive(loop, connect_to_any(loop.get_executor(), {}, 10s));
    EXPECT_EQ(nowhere.error(), asio::error::host_not_found);
}

// A listener whose queue is full answers nobody: as near to a machine that is gone as loopback comes.
TEST(connect, goes_on_to_the_second_endpoint_when_the_first_does_not_answer) {
    asio::io_context loop;
    tcp::acceptor full(loop, tcp::v4());
    full.bind(on_loopback(0));
    full.listen(0);
    tcp::socket only_guest(loop);
    only_guest.connect(full.local_endpoint());
    raw_listener listener(loop.get_executor());
    const auto open = on_loopback(listener.port());
    auto socket =
        test::drive(loop, connect_to_any(loop.get_executor(), in_order(full.local_endpoint(), open), 200ms));
    ASSERT_TRUE(socket.has_value()) << socket.error().message();
    if (socket->remote_endpoint() == full.local_endpoint())
        GTEST_SKIP() << "this system lets more connections in than a listener asks for";
    EXPECT_EQ(socket->remote_endpoint(), open);
}

}  // namespace
}  // namespace nullworker::net
