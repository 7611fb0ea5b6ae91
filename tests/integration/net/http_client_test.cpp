#include "support/drive.hpp"
#include "support/raw_connection.hpp"
#include "support/scripted_peer.hpp"

#include <nullworker/base/task_group.hpp>
#include <nullworker/net/http_client.hpp>

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

#include <utility>

namespace nullworker::net {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;
using test::raw_connection;
using test::raw_listener;
using test::scripted_peer;

http_client make_client(const asio::any_io_executor& executor) {
    return {executor, std::make_shared<tls_trust>()};
}

call call_to(url target) {
    return {.target = std::move(target)};
}

call call_to(const std::string& target) {
    return call_to(parse_url(target).value());
}

std::string raw_reply(const std::string& body, const std::string& headers = "") {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" +
           body;
}

// Runs `scenario` with a client and a peer, which it then stops.
template <class Scenario>
void with_peer(const Scenario& scenario) {
    asio::io_context loop;
    scripted_peer peer(loop.get_executor());
    auto client = make_client(loop.get_executor());
    test::drive(loop, [&]() -> awaitable<void> {
        co_await scenario(client, peer);
        client.close();
        co_await peer.stop();
    });
}

// Runs `client_side` and, at the same time, `peer_side` with raw sockets.
template <class ClientSide, class PeerSide>
void with_raw_peer(const ClientSide& client_side, const PeerSide& peer_side) {
    asio::io_context loop;
    raw_listener listener(loop.get_executor());
    auto client = make_client(loop.get_executor());
    test::drive(loop, test::both(client_side(client, listener.origin()), peer_side(listener)));
}

TEST(http_client, sends_a_get_and_returns_the_reply) {
    with_peer([](http_client& client, scripted_peer& peer) -> awaitable<void> {
        auto scripted = text_reply(503, "later");
        scripted.headers.emplace_back("X-Reason", "busy");
        peer.reply_once("/a", scripted);
        auto request = call_to(peer.at("/a?b=c"));
        request.headers.emplace_back("Authorization", "Bearer token");
        const auto answer = co_await client.send(std::move(request));
        EXPECT_EQ(answer->status, 503U);
        EXPECT_EQ(answer->body, "later");
        EXPECT_EQ(answer->content_type, "text/plain; charset=utf-8");

        const auto& seen = peer.requests("/a").at(0);
        EXPECT_EQ(seen.method, verb::get);
        EXPECT_EQ(seen.query, "b=c");
        EXPECT_EQ(seen.body, "");
        EXPECT_EQ(seen.find("Host"), "127.0.0.1:" + std::to_string(peer.port()));
        EXPECT_EQ(seen.find("Authorization"), "Bearer token");
        EXPECT_FALSE(seen.find("Content-Type").has_value());
    });
}

TEST(http_client, sends_nothing_that_would_become_another_header) {
    with_peer([](http_client& client, scripted_peer& peer) -> awaitable<void> {
        for (const auto* text : {"a\r\nX-Evil: 1", "a\n", "\x1b", "\x7f"}) {
            const std::string evil = text;
            auto by_value = call_to(peer.at("/p"));
            by_value.headers.emplace_back("Authorization", "Bearer " + evil);
            auto by_name = call_to(peer.at("/p"));
            by_name.headers.emplace_back("X-" + evil, "1");
            auto by_target = call_to(peer.at("/p"));
            by_target.target.target += evil;
            auto by_type = call_to(peer.at("/p"));
            by_type.content_type = evil;
            for (auto* one : {&by_value, &by_name, &by_target, &by_type}) {
                const auto sent = co_await client.send(std::move(*one));
                EXPECT_EQ(sent.error(), errc::control_character) << text;
            }
        }
        EXPECT_TRUE(peer.requests("/p").empty());
    });
}

TEST(http_client, sends_a_post_as_json) {
    with_peer([](http_client& client, scripted_peer& peer) -> awaitable<void> {
        call request{.method = verb::post, .target = peer.at("/a"), .body = R"({"b":1})"};
        const auto answer = co_await client.send(std::move(request));
        EXPECT_EQ(answer->status, 404U);
        const auto& seen = peer.requests("/a").at(0);
        EXPECT_EQ(seen.method, verb::post);
        EXPECT_EQ(seen.body, R"({"b":1})");
        EXPECT_EQ(seen.find("Content-Type"), "application/json");
    });
}

TEST(http_client, gives_an_empty_post_a_length) {
    with_peer([](http_client& client, scripted_peer& peer) -> awaitable<void> {
        call request{.method = verb::post, .target = peer.at("/a")};
        const auto answer = co_await client.send(std::move(request));
        EXPECT_TRUE(answer.has_value());
        EXPECT_EQ(peer.requests("/a").at(0).find("Content-Length"), "0");
    });
}

TEST(http_client, uses_one_connection_for_two_calls) {
    const auto client_side = [](http_client& client, std::string origin) -> awaitable<void> {
        for (const char* expected : {"one", "two"}) {
            const auto answer = co_await client.send(call_to(origin));
            EXPECT_EQ(answer->body, expected);
        }
        client.close();
    };
    const auto peer_side = [](raw_listener& listener) -> awaitable<void> {
        auto peer = co_await listener.accept();
        listener.close();
        for (const char* body : {"one", "two"}) {
            co_await peer.read_message();
            co_await peer.send(raw_reply(body));
        }
        EXPECT_EQ(co_await peer.read_until_closed(), "");
    };
    with_raw_peer(client_side, peer_side);
}

TEST(http_client, goes_on_with_a_connection_that_another_one_has_done_with) {
    const auto client_side = [](http_client& client, std::string origin) -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        auto other = make_client(executor);
        const auto first = co_await other.send(call_to(origin));
        EXPECT_EQ(first->body, "one");
        client.take_over(other);
        other.close();
        const auto second = co_await client.send(call_to(origin));
        EXPECT_EQ(second->body, "two");
        client.take_over(other);  // which has none
        client.close();
    };
    const auto peer_side = [](raw_listener& listener) -> awaitable<void> {
        auto peer = co_await listener.accept();
        listener.close();
        for (const char* body : {"one", "two"}) {
            co_await peer.read_message();
            co_await peer.send(raw_reply(body));
        }
        EXPECT_EQ(co_await peer.read_until_closed(), "");
    };
    with_raw_peer(client_side, peer_side);
}

TEST(http_client, opens_a_connection_for_another_origin) {
    with_peer([](http_client& client, scripted_peer& peer) -> awaitable<void> {
        scripted_peer other(co_await asio::this_coro::executor);
        for (auto* each : {&peer, &other, &peer}) {
            each->reply_once("/", text_reply(200, each->origin()));
            const auto answer = co_await client.send(call_to(each->at("/")));
            EXPECT_EQ(answer->body, each->origin());
        }
        co_await other.stop();
    });
}

TEST(http_client, opens_a_connection_where_the_peer_closes_after_each_reply) {
    const auto client_side = [](http_client& client, std::string origin) -> awaitable<void> {
        for (const char* expected : {"one", "two"}) {
            const auto answer = co_await client.send(call_to(origin));
            EXPECT_EQ(answer->body, expected);
        }
    };
    const auto peer_side = [](raw_listener& listener) -> awaitable<void> {
        for (const char* body : {"one", "two"}) {
            auto peer = co_await listener.accept();
            co_await peer.read_message();
            co_await peer.send(raw_reply(body, "Connection: close\r\n"));
        }
    };
    with_raw_peer(client_side, peer_side);
}

TEST(http_client, replaces_a_kept_connection_that_the_peer_has_closed) {
    with_peer([](http_client& client, scripted_peer& peer) -> awaitable<void> {
        peer.reply_always("/", text_reply(200, "fine"));
        const auto first = co_await client.send(call_to(peer.at("/")));
        EXPECT_TRUE(first.has_value());
        peer.drop_once("/drop");
        peer.reply_always("/drop", text_reply(200, "the second time"));
        // On the kept connection: the peer closes it instead of answering.
        const auto second = co_await client.send(call_to(peer.at("/drop")));
        EXPECT_EQ(second->body, "the second time");
        EXPECT_EQ(peer.requests("/drop").size(), 2U);
    });
}

TEST(http_client, replaces_a_kept_connection_on_which_something_came_unasked) {
    const auto client_side = [](http_client& client, std::string origin) -> awaitable<void> {
        for (const char* expected : {"one", "two"}) {
            const auto answer = co_await client.send(call_to(origin));
            EXPECT_EQ(answer->body, expected);
        }
        client.close();
    };
    const auto peer_side = [](raw_listener& listener) -> awaitable<void> {
        auto first = co_await listener.accept();
        co_await first.read_message();
        co_await first.send(raw_reply("one") + raw_reply("unasked"));
        auto second = co_await listener.accept();
        co_await second.read_message();
        co_await second.send(raw_reply("two"));
        EXPECT_EQ(co_await second.read_until_closed(), "");
    };
    with_raw_peer(client_side, peer_side);
}

TEST(http_client, asks_again_where_the_peer_gave_up_waiting_for_the_request) {
    const auto client_side = [](http_client& client, std::string origin) -> awaitable<void> {
        for (const char* expected : {"one", "two"}) {
            auto request = call_to(origin);
            request.method = verb::post;
            const auto answer = co_await client.send(std::move(request));
            EXPECT_EQ(answer->body, expected);
        }
    };
    const auto peer_side = [](raw_listener& listener) -> awaitable<void> {
        auto first = co_await listener.accept();
        co_await first.read_message();
        co_await first.send(raw_reply("one"));
        co_await first.read_message();
        co_await first.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        auto second = co_await listener.accept();
        co_await second.read_message();
        co_await second.send(raw_reply("two"));
    };
    with_raw_peer(client_side, peer_side);
}

TEST(http_client, does_not_post_again_what_may_have_been_processed) {
    with_peer([](http_client& client, scripted_peer& peer) -> awaitable<void> {
        peer.reply_always("/", text_reply(200, "fine"));
        const auto first = co_await client.send(call_to(peer.at("/")));
        EXPECT_TRUE(first.has_value());
        peer.drop_once("/drop");
        call request{.method = verb::post, .target = peer.at("/drop")};
        const auto second = co_await client.send(std::move(request));
        EXPECT_TRUE(second.has_error());
        EXPECT_EQ(peer.requests("/drop").size(), 1U);
    });
}

TEST(http_client, opens_a_connection_where_the_kept_one_is_about_to_be_closed) {
    const auto client_side = [](http_client& client, std::string origin) -> awaitable<void> {
        for (const char* expected : {"one", "two"}) {
            const auto answer = co_await client.send(call_to(origin));
            EXPECT_EQ(answer->body, expected);
        }
    };
    const auto peer_side = [](raw_listener& listener) -> awaitable<void> {
        auto first = co_await listener.accept();
        co_await first.read_message();
        co_await first.send(raw_reply("one", "Keep-Alive: timeout=1, max=100\r\n"));
        auto second = co_await listener.accept();
        co_await second.read_message();
        co_await second.send(raw_reply("two"));
        EXPECT_EQ(co_await first.read_until_closed(), "");
    };
    with_raw_peer(client_side, peer_side);
}

TEST(time_to_keep, is_less_than_what_the_peer_says_and_short_where_it_says_nothing) {
    const std::pair<const char*, std::chrono::seconds> table[] = {
        {"timeout=75", 74s},
        {"timeout=5, max=100", 4s},
        {"max=3,\tTIMEOUT=20", 19s},
        {"timeout=1", 0s},
        {"timeout=0", 0s},
        {"timeout=999999999", 24h - 1s},
        {"timeout=", 4s},
        {"timeout=-7", 4s},
        {"timeout=9x", 4s},
        {"timeout=99999999999999999999", 4s},
        {"", 4s},
    };
    for (const auto& [value, expected] : table) {
        reply last;
        last.headers.emplace_back("keep-alive", value);
        EXPECT_EQ(time_to_keep(last), expected) << value;
    }
    EXPECT_EQ(time_to_keep(reply()), 4s);
}

TEST(http_client, sends_a_request_on_a_new_connection_once) {
    with_peer([](http_client& client, scripted_peer& peer) -> awaitable<void> {
        peer.drop_once("/");
        const auto answer = co_await client.send(call_to(peer.at("/")));
        EXPECT_TRUE(answer.has_error());
        EXPECT_EQ(peer.requests("/").size(), 1U);
    });
}

TEST(http_client, times_out_and_can_be_used_again) {
    with_peer([](http_client& client, scripted_peer& peer) -> awaitable<void> {
        peer.hold_once("/");
        auto request = call_to(peer.at("/"));
        request.limit = 20ms;
        const auto late = co_await client.send(std::move(request));
        EXPECT_EQ(late.error(), errc::timed_out);
        peer.let_go();
        peer.reply_once("/", text_reply(200, "fine"));
        const auto answer = co_await client.send(call_to(peer.at("/")));
        EXPECT_EQ(answer->body, "fine");
    });
}

TEST(http_client, waits_for_a_slow_reply_within_its_limit) {
    with_peer([](http_client& client, scripted_peer& peer) -> awaitable<void> {
        peer.hold_once("/", text_reply(200, "at last"));
        const auto ask = [&]() -> awaitable<void> {
            const auto answer = co_await client.send(call_to(peer.at("/")));
            EXPECT_EQ(answer->body, "at last");
        };
        const auto let_go = [&]() -> awaitable<void> {
            co_await peer.received("/");
            peer.let_go();
        };
        co_await test::both(ask(), let_go());
    });
}

TEST(http_client, limits_the_time_of_a_reply_that_trickles) {
    const auto client_side = [](http_client& client, std::string origin) -> awaitable<void> {
        auto request = call_to(origin);
        request.limit = 20ms;
        const auto answer = co_await client.send(std::move(request));
        EXPECT_EQ(answer.error(), errc::timed_out);
    };
    const auto peer_side = [](raw_listener& listener) -> awaitable<void> {
        auto peer = co_await listener.accept();
        co_await peer.read_message();
        co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx");
        EXPECT_EQ(co_await peer.read_until_closed(), "");
    };
    with_raw_peer(client_side, peer_side);
}

TEST(http_client, refuses_a_reply_that_is_too_large) {
    const std::string table[] = {
        raw_reply(std::string(11, 'x')),
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nxxxxxxxxxxx\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nxxxxxxxxxxx",
        "HTTP/1.1 200 OK\r\nX: " + std::string(9 * 1024, 'x') + "\r\n\r\n",
    };
    for (const auto& bytes : table) {
        const auto client_side = [](http_client& client, std::string origin) -> awaitable<void> {
            auto request = call_to(origin);
            request.max_reply_bytes = 10;
            const auto answer = co_await client.send(std::move(request));
            EXPECT_EQ(answer.error(), errc::response_too_large) << answer.error().message();
        };
        const auto peer_side = [&](raw_listener& listener) -> awaitable<void> {
            auto peer = co_await listener.accept();
            co_await peer.read_message();
            co_await peer.send(bytes);
            co_await peer.read_until_closed();
        };
        with_raw_peer(client_side, peer_side);
    }
}

TEST(http_client, takes_a_reply_at_the_limit_in_any_framing) {
    const std::string table[] = {
        raw_reply("0123456789"),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789",
        "HTTP/1.0 200 OK\r\n\r\n0123456789",
    };
    for (const auto& bytes : table) {
        const auto client_side = [](http_client& client, std::string origin) -> awaitable<void> {
            auto request = call_to(origin);
            request.max_reply_bytes = 10;
            const auto answer = co_await client.send(std::move(request));
            EXPECT_TRUE(answer.has_value()) << answer.error().message();
            EXPECT_EQ(answer->body, "0123456789");
        };
        const auto peer_side = [&](raw_listener& listener) -> awaitable<void> {
            auto peer = co_await listener.accept();
            co_await peer.read_message();
            co_await peer.send(bytes);
        };
        with_raw_peer(client_side, peer_side);
    }
}

TEST(http_client, fails_where_the_reply_is_cut_short_or_is_none) {
    for (const char* bytes : {"", "HTTP/1.1 200 OK\r\nContent-", "SSH-2.0-OpenSSH_9.2\r\n",
                              "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"}) {
        const auto client_side = [](http_client& client, std::string origin) -> awaitable<void> {
            const auto answer = co_await client.send(call_to(origin));
            EXPECT_TRUE(answer.has_error());
            EXPECT_NE(answer.error(), errc::timed_out);
        };
        const auto peer_side = [&](raw_listener& listener) -> awaitable<void> {
            auto peer = co_await listener.accept();
            co_await peer.read_message();
            co_await peer.send(bytes);
        };
        with_raw_peer(client_side, peer_side);
    }
}

TEST(http_client, says_when_nobody_listens) {
    asio::io_context loop;
    auto client = make_client(loop.get_executor());
    const auto port = test::closed_port(loop.get_executor());
    const auto request = call_to("http://127.0.0.1:" + std::to_string(port));
    EXPECT_EQ(test::drive(loop, client.send(request)).error(), asio::error::connection_refused);
}

TEST(http_client, passes_over_interim_answers) {
    const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
    const std::string table[] = {
        interim,
        interim + interim,
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 102 Processing\r\nConnection: close\r\n\r\n" + interim,
    };
    for (const auto& bytes : table) {
        const auto client_side = [](http_client& client, std::string origin) -> awaitable<void> {
            for (const char* expected : {"one", "two"}) {
                call request{.method = verb::post, .target = parse_url(origin).value(), .body = "x"};
                const auto answer = co_await client.send(std::move(request));
                EXPECT_EQ(answer->status, 200U);
                EXPECT_EQ(answer->body, expected);
            }
        };
        const auto peer_side = [&](raw_listener& listener) -> awaitable<void> {
            auto peer = co_await listener.accept();
            co_await peer.read_message();
            co_await peer.send(bytes + raw_reply("one"));
            co_await peer.read_message();
            co_await peer.send(bytes);
            co_await peer.send(raw_reply("two"));
        };
        with_raw_peer(client_side, peer_side);
    }
}

TEST(http_client, does_not_wait_behind_the_last_answer_or_for_ever) {
    std::string many;
    for (int i = 0; i < 100; ++i)
        many += "HTTP/1.1 100 Continue\r\n\r\n";
    struct row {
        std::string bytes;
        unsigned status;
    };
    const row table[] = {{many, 0}, {"HTTP/1.1 101 Switching Protocols\r\n\r\n", 101}};
    for (const auto& row : table) {
        const auto client_side = [&](http_client& client, std::string origin) -> awaitable<void> {
            const auto answer = co_await client.send(call_to(origin));
            if (row.status != 0)
                EXPECT_EQ(answer->status, row.status);
            else
                EXPECT_EQ(answer.error(), errc::too_many_interim);
            client.close();
        };
        const auto peer_side = [&](raw_listener& listener) -> awaitable<void> {
            auto peer = co_await listener.accept();
            co_await peer.read_message();
            co_await peer.send(row.bytes);
            co_await peer.read_until_closed();
        };
        with_raw_peer(client_side, peer_side);
    }
}

reply redirect(unsigned status, const std::string& location) {
    auto elsewhere = empty_reply(status);
    elsewhere.headers.emplace_back("Location", location);
    return elsewhere;
}

TEST(http_client, sends_the_same_elsewhere_where_it_may) {
    with_peer([](http_client& client, scripted_peer& peer) -> awaitable<void> {
        scripted_peer other(co_await asio::this_coro::executor);
        for (const unsigned status : {307U, 308U}) {
            const auto name = std::to_string(status);
            peer.reply_once("/" + name, redirect(status, "/next/" + name));
            peer.reply_once("/next/" + name, redirect(status, other.at("/last/" + name).text()));
            other.reply_once("/last/" + name, text_reply(200, "there"));
            call request{
                .method = verb::post, .target = peer.at("/" + name), .body = "b", .max_redirects = 3};
            request.headers.emplace_back("X-Of", "ours");
            const auto answer = co_await client.send(std::move(request));
            EXPECT_EQ(answer->body, "there");
            const auto& seen = other.requests("/last/" + name).at(0);
            EXPECT_EQ(seen.method, verb::post);
            EXPECT_EQ(seen.body, "b");
            EXPECT_EQ(seen.find("X-Of"), "ours");
            EXPECT_EQ(seen.find("Host"), "127.0.0.1:" + std::to_string(other.port()));
        }
        co_await other.stop();
    });
}

TEST(http_client, goes_no_further_than_it_may) {
    with_peer([](http_client& client, scripted_peer& peer) -> awaitable<void> {
        peer.reply_always("/round", redirect(307, "/round"));
        call request{.target = peer.at("/round"), .max_redirects = 3};
        const auto answer = co_await client.send(std::move(request));
        EXPECT_EQ(answer->status, 307U);
        EXPECT_EQ(peer.requests("/round").size(), 4U);
        for (const auto& [status, location] : {std::pair(301U, "/elsewhere"),
                                               {302U, "/elsewhere"},
                                               {303U, "/elsewhere"},
                                               {300U, "/elsewhere"},
                                               {307U, "ftp://127.0.0.1/elsewhere"},
                                               {308U, ""}}) {
            peer.reply_once("/", redirect(status, location));
            call next{.target = peer.at("/"), .max_redirects = 3};
            const auto refused = co_await client.send(std::move(next));
            EXPECT_EQ(refused->status, status);
        }
        EXPECT_TRUE(peer.requests("/elsewhere").empty());
    });
}

TEST(described_status, says_where_a_reply_sends_us) {
    EXPECT_EQ(described_status(empty_reply(500)), "HTTP status 500");
    EXPECT_EQ(described_status(redirect(302, "https://a.example/x?key=secret")),
              "HTTP status 302, a redirect to https://a.example/x that is not followed");
    EXPECT_EQ(described_status(redirect(201, "/x")), "HTTP status 201");
    EXPECT_EQ(described_status(empty_reply(304)), "HTTP status 304");
}

TEST(http_client, follows_no_redirect) {
    with_peer([](http_client& client, scripted_peer& peer) -> awaitable<void> {
        auto elsewhere = empty_reply(302);
        elsewhere.headers.emplace_back("Location", peer.at("/elsewhere").text());
        peer.reply_once("/", elsewhere);
        const auto answer = co_await client.send(call_to(peer.at("/")));
        EXPECT_EQ(answer->status, 302U);
        EXPECT_TRUE(peer.requests("/elsewhere").empty());
    });
}

TEST(http_client, finds_a_peer_by_name) {
    with_peer([](http_client& client, scripted_peer& peer) -> awaitable<void> {
        peer.reply_once("/", text_reply(200, "fine"));
        const auto answer = co_await client.send(call_to("http://localhost:" + std::to_string(peer.port())));
        EXPECT_EQ(answer->body, "fine");
    });
}

TEST(http_client, ends_when_its_caller_is_cancelled) {
    with_peer([](http_client& client, scripted_peer& peer) -> awaitable<void> {
        peer.hold_once("/");
        bool returned = false;
        const auto caller = [&]() -> awaitable<void> {
            const auto answer = co_await client.send(call_to(peer.at("/")));
            returned = answer.has_value() || answer.has_error();
        };
        task_group group(co_await asio::this_coro::executor);
        group.spawn(caller());
        co_await peer.received("/");
        group.cancel();
        co_await group.join();
        EXPECT_FALSE(returned);
    });
}

TEST(http_client, may_be_moved) {
    with_peer([](http_client& client, scripted_peer& peer) -> awaitable<void> {
        peer.reply_always("/", text_reply(200, "fine"));
        const auto before = co_await client.send(call_to(peer.at("/")));
        http_client moved = std::move(client);
        const auto after = co_await moved.send(call_to(peer.at("/")));
        EXPECT_EQ(before->body, after->body);
        EXPECT_EQ(peer.connections(), 1U);
        client = std::move(moved);
    });
}

TEST(is_success, holds_for_every_2xx) {
    for (const auto& [status, success] :
         {std::pair(199U, false), {200U, true}, {204U, true}, {299U, true}, {300U, false}, {500U, false}})
        EXPECT_EQ(is_success(empty_reply(status)), success) << status;
}

}  // namespace
}  // namespace nullworker::net
