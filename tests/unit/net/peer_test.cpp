#include <nullworker/net/peer.hpp>

#include <gtest/gtest.h>

namespace nullworker::net {
namespace {

TEST(peer, is_an_address_or_the_64_that_a_host_has_for_itself) {
    struct row {
        const char* address;
        const char* text;
    };
    for (const auto& row : {row{"192.0.2.7", "192.0.2.7"}, row{"::ffff:192.0.2.7", "192.0.2.7"},
                            row{"2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"}, row{"::1", "::/64"}})
        EXPECT_EQ(to_text(peer_of(boost::asio::ip::make_address(row.address))), row.text);
}

}  // namespace
}  // namespace nullworker::net
