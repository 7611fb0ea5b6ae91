#include "observer.hpp"
#include "support/drive.hpp"

#include <fleet/signing_key.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/net/http_server.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace nullworker::fleet {
namespace {

class certificate_test : public testing::Test {
protected:
    // The status of a request to a server that holds a certificate for `host`, under the roots given.
    unsigned status_for(const std::string& host, const std::string& roots) {
        auto tls = net::make_server_tls(x_authority.issue({host}), "certificate", "key");
        net::http_server server(x_context.get_executor(), "test", {}, std::move(tls));
        server.bind({asio::ip::address_v4::loopback(), 0}, "test");
        server.start([](net::request) -> asio::awaitable<net::reaction> { co_return net::empty_reply(204); });
        unsigned status = 0;
        const auto story = [&]() -> asio::awaitable<void> {
            net::http_client client(x_context.get_executor(), std::make_shared<net::tls_trust>(roots));
            net::call request;
            request.target = parse_url("https://127.0.0.1:" + std::to_string(server.port()) + "/").value();
            const auto sent = co_await client.send(std::move(request));
            status = sent ? sent->status : 0;
            client.close();
            server.drain();
            co_await server.join(patience);
        };
        test::drive(x_context, story(), story_limit);
        return status;
    }

    certificate_authority x_authority = certificate_authority::create();
    asio::io_context x_context;
};

TEST_F(certificate_test, a_server_with_an_issued_certificate_is_trusted_by_who_trusts_the_root) {
    EXPECT_EQ(status_for("127.0.0.1", x_authority.root_pem()), 204u);
}

TEST_F(certificate_test, another_root_is_not_trusted) {
    EXPECT_EQ(status_for("127.0.0.1", certificate_authority::create().root_pem()), 0u);
}

TEST_F(certificate_test, a_certificate_for_another_address_is_not_trusted) {
    EXPECT_EQ(status_for("127.0.0.2", x_authority.root_pem()), 0u);
    EXPECT_EQ(status_for("worker.example", x_authority.root_pem()), 0u);
}

}  // namespace
}  // namespace nullworker::fleet
