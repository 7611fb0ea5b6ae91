#include "support/drive.hpp"
#include "support/raw_connection.hpp"
#include "support/scripted_peer.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_certificate.hpp"

#include <nullworker/base/wakeup.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/net/http_server.hpp>
#include <nullworker/net/tls.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <functional>
#include <string_view>
#include <tuple>
#include <utility>

namespace nullworker::net {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;
using test::certificate_dates;
using test::certificate_key;
using test::scripted_peer;
using test::test_certificate;
using tcp = asio::ip::tcp;
using ssl_socket = asio::ssl::stream<tcp::socket>;

tls_context server_side(const test_certificate& pair) {
    return load_server_tls(pair.certificate_file(), pair.key_file());
}

// The replies to `calls` GETs of `host` on a TLS peer with `pair`, by a client that trusts `roots`.
std::vector<result<reply>> ask(const test_certificate& pair, std::string roots, std::string host,
                               int calls = 1) {
    asio::io_context loop;
    scripted_peer peer(loop.get_executor(), server_side(pair));
    peer.reply_always("/", text_reply(200, "fine"));
    http_client client(loop.get_executor(), std::make_shared<tls_trust>(std::move(roots)));
    std::vector<result<reply>> replies;
    test::drive(loop, [&]() -> awaitable<void> {
        const auto target = parse_url("https://" + host + ":" + std::to_string(peer.port())).value();
        for (int i = 0; i < calls; ++i) {
            const call request{.target = target};
            replies.push_back(co_await client.send(request));
        }
        EXPECT_LE(peer.connections(), 1U);
        client.close();
        co_await peer.stop();
    });
    return replies;
}

awaitable<void> connect(ssl_socket& peer, const http_server& server) {
    const tcp::endpoint there(asio::ip::address_v4::loopback(), server.port());
    co_await peer.next_layer().async_connect(there, asio::use_awaitable);
}

awaitable<void> shake_hands(ssl_socket& peer, const http_server& server) {
    co_await connect(peer, server);
    co_await peer.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
}

TEST(https, works_with_a_certificate_among_the_extra_roots) {
    const test_certificate pair;
    for (const auto& answer : ask(pair, pair.pem(), "127.0.0.1", 3)) {
        ASSERT_TRUE(answer.has_value()) << answer.error().message();
        EXPECT_EQ(answer->body, "fine");
    }
}

TEST(https, works_with_a_certificate_for_a_name) {
    const test_certificate pair({.address = "localhost"});
    const auto answer = ask(pair, pair.pem(), "localhost").at(0);
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
}

TEST(https, refuses_a_certificate_that_nothing_vouches_for) {
    const test_certificate pair;
    const test_certificate other;
    for (const auto& roots : {std::string(), other.pem()}) {
        const auto answer = ask(pair, roots, "127.0.0.1").at(0);
        ASSERT_TRUE(answer.has_error());
        EXPECT_EQ(answer.error().category(), asio::error::get_ssl_category()) << answer.error().message();
    }
}

TEST(https, refuses_a_certificate_for_another_host) {
    const std::pair<const char*, const char*> table[] = {
        {"192.0.2.1", "127.0.0.1"},
        {"worker.example", "127.0.0.1"},
        {"worker.example", "localhost"},
        {"127.0.0.1", "localhost"},
    };
    for (const auto& [address, host] : table) {
        const test_certificate pair({.address = address});
        const auto answer = ask(pair, pair.pem(), host).at(0);
        ASSERT_TRUE(answer.has_error()) << address << " as " << host;
        EXPECT_EQ(answer.error().category(), asio::error::get_ssl_category()) << answer.error().message();
    }
}

TEST(https, says_when_the_extra_roots_are_malformed) {
    tls_trust trust("-----BEGIN CERTIFICATE-----\nnonsense\n");
    EXPECT_TRUE(trust.context().has_error());
    EXPECT_TRUE(trust.context().has_error()) << "a failure must not be taken for a context";
}

TEST(https, reads_the_roots_once) {
    tls_trust trust(test_certificate().pem());
    const auto first = trust.context();
    ASSERT_TRUE(first.has_value()) << first.error().message();
    EXPECT_EQ(first.value(), trust.context().value());
}

TEST(https, server_survives_a_client_that_speaks_no_tls) {
    const test_certificate pair;
    asio::io_context loop;
    scripted_peer peer(loop.get_executor(), server_side(pair));
    test::drive(loop, [&]() -> awaitable<void> {
        auto plain = co_await test::connect_raw(peer.port());
        co_await plain.send("GET / HTTP/1.1\r\n\r\n");
        const auto answer = co_await plain.read_until_closed();
        EXPECT_FALSE(answer.starts_with("HTTP"));
        co_await peer.stop();
    });
}

awaitable<reaction> say_fine(request) {
    co_return text_reply(200, "fine");
}

// A server with TLS, stopped after the scenario.
void drive_server(server_limits limits, tls_context tls,
                  const std::function<awaitable<void>(http_server&)>& scenario) {
    asio::io_context loop;
    http_server server(loop.get_executor(), "test", limits, std::move(tls));
    server.bind({asio::ip::address_v4::loopback(), 0}, "TEST_PORT");
    server.start(say_fine);
    test::drive(loop, [&]() -> awaitable<void> {
        co_await scenario(server);
        server.drain();
        co_await server.join(1s);
    });
}

TEST(https, server_closes_a_connection_whose_handshake_stalls) {
    const test_certificate pair;
    drive_server({.handshake_timeout = 20ms}, server_side(pair), [](http_server& server) -> awaitable<void> {
        auto silent = co_await test::connect_raw(server.port());
        EXPECT_EQ(co_await silent.read_until_closed(), "");
    });
}

TEST(https, server_gives_a_handshake_that_trickles_no_more_time) {
    const test_certificate pair;
    drive_server({.handshake_timeout = 20ms}, server_side(pair), [](http_server& server) -> awaitable<void> {
        auto slow = co_await test::connect_raw(server.port());
        wakeup silent(co_await asio::this_coro::executor);
        // The start of a ClientHello of 512 bytes.
        co_await slow.send("\x16\x03\x01\x02");
        int sent = 0;
        try {
            for (; sent < 400; ++sent) {
                co_await slow.send(std::string(1, '\0'));
                const auto next = std::chrono::steady_clock::now() + 1ms;
                co_await silent.wait_until(next);
            }
        } catch (const boost::system::system_error&) {  // closed
        }
        EXPECT_LT(sent, 400);
    });
}

TEST(https, server_closes_a_connection_that_says_nothing_after_the_handshake) {
    const test_certificate pair;
    drive_server({.header_timeout = 20ms}, server_side(pair), [&](http_server& server) -> awaitable<void> {
        tls_trust trust(pair.pem());
        const auto context = trust.context().value();
        ssl_socket peer(co_await asio::this_coro::executor, *context);
        co_await shake_hands(peer, server);
        char byte = 0;
        const auto [ec, size] = co_await peer.async_read_some(asio::buffer(&byte, 1), nothrow);
        EXPECT_EQ(ec, asio::ssl::error::stream_truncated);
    });
}

TEST(https, server_tells_its_refusal_to_who_writes_all_before_he_reads) {
    const test_certificate pair;
    drive_server({}, server_side(pair), [&](http_server& server) -> awaitable<void> {
        constexpr std::size_t size = 20 * 1024 * 1024;
        tls_trust trust(pair.pem());
        const auto context = trust.context().value();
        ssl_socket peer(co_await asio::this_coro::executor, *context);
        co_await shake_hands(peer, server);
        const auto whole = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) +
                           "\r\n\r\n" + std::string(size, 'x');
        const auto bytes = asio::buffer(whole);
        const auto [write_ec, written] = co_await asio::async_write(peer, bytes, nothrow);
        EXPECT_FALSE(write_ec) << write_ec.message();
        std::array<char, 100> answer{};
        const auto room = asio::buffer(answer);
        const auto [ec, read] = co_await peer.async_read_some(room, nothrow);
        EXPECT_TRUE(std::string_view(answer.data(), read).starts_with("HTTP/1.1 413 ")) << ec.message();
    });
}

TEST(https, server_takes_a_renewed_certificate_for_new_connections) {
    const test_certificate old_pair;
    const test_certificate new_pair;
    drive_server({}, server_side(old_pair), [&](http_server& server) -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        http_client established(executor, std::make_shared<tls_trust>(old_pair.pem()));
        http_client late(executor, std::make_shared<tls_trust>(new_pair.pem()));
        http_client outdated(executor, std::make_shared<tls_trust>(old_pair.pem()));
        const call request{.target = parse_url("https://127.0.0.1:" + std::to_string(server.port())).value()};
        const auto before = co_await established.send(request);
        EXPECT_TRUE(before.has_value());
        server.use_tls(server_side(new_pair));
        const auto renewed = co_await late.send(request);
        EXPECT_TRUE(renewed.has_value()) << renewed.error().message();
        const auto kept = co_await established.send(request);
        EXPECT_TRUE(kept.has_value()) << kept.error().message();
        const auto refused = co_await outdated.send(request);
        EXPECT_TRUE(refused.has_error());
        established.close();
        late.close();
    });
}

TEST(https, server_makes_room_for_who_gets_to_the_point) {
    const test_certificate pair;
    drive_server({.max_connections = 1}, server_side(pair), [&](http_server& server) -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        const auto trust = std::make_shared<tls_trust>(pair.pem());
        http_client idle(executor, trust);
        http_client late(executor, trust);
        const call request{.target = parse_url("https://127.0.0.1:" + std::to_string(server.port())).value()};
        const auto before = co_await idle.send(request);
        EXPECT_TRUE(before.has_value());
        auto silent = co_await test::connect_raw(server.port());
        auto half = co_await test::connect_raw(server.port());
        co_await half.send("\x16\x03\x01\x02");
        const auto answer = co_await late.send(request);
        EXPECT_TRUE(answer.has_value()) << answer.error().message();
        EXPECT_EQ(server.evicted(), 2U);
        EXPECT_EQ(server.connections(), 2U);  // the silent one has cost nobody a place
        idle.close();
        late.close();
    });
}

// How a handshake ends for a client that speaks `version` of TLS and nothing later.
error_code handshake_with(int version) {
    const test_certificate pair;
    error_code outcome;
    drive_server({}, server_side(pair), [&](http_server& server) -> awaitable<void> {
        asio::ssl::context dated(asio::ssl::context::tls_client);
        SSL_CTX_set_security_level(dated.native_handle(), 0);
        SSL_CTX_set_min_proto_version(dated.native_handle(), version);
        SSL_CTX_set_max_proto_version(dated.native_handle(), version);
        ssl_socket peer(co_await asio::this_coro::executor, dated);
        co_await connect(peer, server);
        std::tie(outcome) = co_await peer.async_handshake(asio::ssl::stream_base::client, nothrow);
    });
    return outcome;
}

TEST(https, server_speaks_tls_1_2_and_up) {
    EXPECT_EQ(handshake_with(TLS1_3_VERSION), error_code());
    EXPECT_EQ(handshake_with(TLS1_2_VERSION), error_code());
    for (const int version : {TLS1_1_VERSION, TLS1_VERSION}) {
        const auto refused = handshake_with(version);
        // The server's alert, so the client did try.
        EXPECT_EQ(ERR_GET_REASON(static_cast<unsigned long>(refused.value())),
                  SSL_R_TLSV1_ALERT_PROTOCOL_VERSION)
            << refused.message();
    }
}

TEST(https, client_times_out_where_the_handshake_stalls) {
    asio::io_context loop;
    test::raw_listener mute(loop.get_executor());  // accepts in the kernel, and never speaks
    http_client client(loop.get_executor(), std::make_shared<tls_trust>());
    const call request{.target = parse_url("https://127.0.0.1:" + std::to_string(mute.port())).value(),
                       .limit = 20ms};
    EXPECT_EQ(test::drive(loop, client.send(request)).error(), errc::timed_out);
}

// What load_server_tls throws, or nothing.
std::string complaint(const std::string& certificate_file, const std::string& key_file) {
    try {
        (void)load_server_tls(certificate_file, key_file);
        return {};
    } catch (const startup_error& e) {
        return e.what();
    }
}

TEST(load_server_tls, takes_a_pair_that_belongs_together) {
    const test_certificate pair;
    EXPECT_EQ(complaint(pair.certificate_file(), pair.key_file()), "");
}

TEST(load_server_tls, names_the_file_that_is_wrong) {
    const test_certificate good;
    const test_certificate expired({.dates = certificate_dates::expired});
    const test_certificate early({.dates = certificate_dates::not_yet_valid});
    const test_certificate mismatched({.key = certificate_key::mismatched});
    const test::temporary_directory files;
    const auto error_page = files.write("page.pem", "<html>500 Internal Server Error</html>");
    const auto empty = files.write("empty.pem", "");
    const auto absent = files.file("absent.pem");
    struct row {
        std::string certificate;
        std::string key;
        std::string named;
        std::string reason;
    };
    const row table[] = {
        {absent, good.key_file(), absent, "No such file"},
        {error_page, good.key_file(), error_page, "certificate"},
        {empty, good.key_file(), empty, "certificate"},
        {good.certificate_file(), absent, absent, "key"},
        {good.certificate_file(), error_page, error_page, "key"},
        {good.certificate_file(), good.certificate_file(), good.certificate_file(), "key"},
        {expired.certificate_file(), expired.key_file(), expired.certificate_file(), "expired"},
        {early.certificate_file(), early.key_file(), early.certificate_file(), "not valid yet"},
        {mismatched.certificate_file(), mismatched.key_file(), mismatched.key_file(), "mismatch"},
    };
    for (const auto& row : table) {
        const auto what = complaint(row.certificate, row.key);
        EXPECT_NE(what.find(row.named), std::string::npos) << what;
        EXPECT_NE(what.find(row.reason), std::string::npos) << what;
    }
}

TEST(https, is_not_given_up_for_a_redirect) {
    const test_certificate pair;
    asio::io_context loop;
    scripted_peer secured(loop.get_executor(), server_side(pair));
    scripted_peer plain(loop.get_executor());
    const auto lead = [](scripted_peer& from, scripted_peer& to) {
        auto elsewhere = empty_reply(308);
        elsewhere.headers.emplace_back("Location", to.at("/there").text());
        from.reply_once("/", elsewhere);
        to.reply_once("/there", text_reply(200, "there"));
    };
    lead(secured, plain);
    lead(plain, secured);
    http_client client(loop.get_executor(), std::make_shared<tls_trust>(pair.pem()));
    test::drive(loop, [&]() -> awaitable<void> {
        call down{.target = secured.at("/"), .max_redirects = 3};
        const auto refused = co_await client.send(std::move(down));
        EXPECT_EQ(refused->status, 308U);
        EXPECT_TRUE(plain.requests("/there").empty());
        call up{.target = plain.at("/"), .max_redirects = 3};
        const auto followed = co_await client.send(std::move(up));
        EXPECT_EQ(followed->body, "there");
        client.close();
        co_await secured.stop();
        co_await plain.stop();
    });
}

}  // namespace
}  // namespace nullworker::net
