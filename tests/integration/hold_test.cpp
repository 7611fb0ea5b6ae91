// Requests that are answered when something changes, and a server on a Unix socket.

#include "support/raw_connection.hpp"
#include "support/served.hpp"
#include "support/temporary_directory.hpp"

#include <nullworker/base/deadline.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/net/http_server.hpp>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace nullworker::net {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;
using test::get;
using test::raw_connection;
using test::served;

// What requests wait for. `/now` is answered at once, all others when `version` is not 0 or the time is up.
struct board {
    int version = 0;
    std::size_t asked = 0;
    std::chrono::steady_clock::duration patience = 1h;

    handler answers() {
        return [this](const request& incoming) -> awaitable<reaction> {
            ++asked;
            if (incoming.path != "/now" && version == 0 && incoming.may_wait)
                co_return wait_for_change{patience};
            co_return text_reply(200, std::to_string(version));
        };
    }

    // Returns once the handler was asked so often.
    awaitable<void> until_asked(std::size_t times) const {
        while (asked < times)
            co_await asio::post(asio::use_awaitable);
    }
};

awaitable<void> until_connections(http_server& server, std::size_t count) {
    while (server.connections() != count)
        co_await asio::post(asio::use_awaitable);
}

TEST(hold, a_held_request_is_answered_when_something_changes) {
    board news;
    served under_test(news.answers());
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/wait"));
        co_await news.until_asked(1);
        under_test.server().look_again();  // which is not yet what it waits for
        co_await news.until_asked(2);
        news.version = 7;
        under_test.server().look_again();
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "7");
        co_await peer.send(get("/now"));
        const auto next = co_await peer.read_message();
        EXPECT_EQ(next.body, "7");
    });
}

TEST(hold, a_held_request_is_answered_when_its_time_is_up) {
    board news;
    news.patience = 20ms;
    served under_test(news.answers());
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/wait"));
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "0");
        EXPECT_EQ(news.asked, 2U);
    });
}

TEST(hold, a_change_wakes_every_one_of_many) {
    board news;
    served under_test(news.answers());
    under_test.drive([&]() -> awaitable<void> {
        std::vector<raw_connection> crowd;
        for (std::size_t i = 0; i < 200; ++i) {
            crowd.push_back(co_await under_test.connect());
            co_await crowd.back().send(get("/wait"));
        }
        co_await news.until_asked(200);
        news.version = 1;
        under_test.server().look_again();
        for (auto& each : crowd) {
            const auto answer = co_await each.read_message();
            EXPECT_EQ(answer.body, "1");
        }
    });
}

TEST(hold, a_peer_that_went_away_is_forgotten_at_once) {
    board news;
    served under_test(news.answers());
    under_test.drive([&]() -> awaitable<void> {
        auto closing = co_await under_test.connect();
        co_await closing.send(get("/wait"));
        auto resetting = co_await under_test.connect();
        co_await resetting.send(get("/wait"));
        co_await news.until_asked(2);
        closing.close();
        resetting.reset();
        co_await until_connections(under_test.server(), 0);
        EXPECT_EQ(news.asked, 2U);
    });
}

TEST(hold, a_peer_that_sent_more_and_went_away_is_forgotten_too) {
    board news;
    served under_test(news.answers());
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/wait"));
        co_await news.until_asked(1);
        co_await peer.send("GET /half");
        peer.close();
        co_await until_connections(under_test.server(), 0);
        EXPECT_EQ(news.asked, 1U);
    });
}

TEST(hold, a_peer_that_sends_without_end_is_answered_at_once) {
    board news;
    served under_test(news.answers(), {.max_header_bytes = 256});
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/wait"));
        co_await news.until_asked(1);
        co_await peer.send(std::string(10000, 'x'));
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "0");
    });
}

TEST(hold, a_request_that_comes_early_is_answered_after_the_held_one) {
    board news;
    served under_test(news.answers());
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/wait") + get("/now"));
        co_await news.until_asked(1);
        co_await peer.send(get("/now"));
        news.version = 3;
        under_test.server().look_again();
        for (int i = 0; i < 3; ++i) {
            const auto answer = co_await peer.read_message();
            EXPECT_EQ(answer.body, "3");
        }
    });
}

TEST(hold, a_stopping_server_answers_what_it_holds) {
    board news;
    served under_test(news.answers());
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/wait"));
        co_await news.until_asked(1);
        under_test.server().drain();
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "0");
        EXPECT_EQ(answer.find("Connection"), "close");
    });
}

TEST(hold, those_who_wait_keep_nobody_out) {
    board news;
    served under_test(news.answers(), {.max_connections = 3});
    under_test.drive([&]() -> awaitable<void> {
        std::vector<raw_connection> waiting;
        for (std::size_t i = 0; i < 3; ++i) {
            waiting.push_back(co_await under_test.connect());
            co_await waiting.back().send(get("/wait"));
            co_await news.until_asked(i + 1);
        }
        auto urgent = co_await under_test.connect();
        co_await urgent.send(get("/now"));
        const auto answer = co_await urgent.read_message();
        EXPECT_EQ(answer.body, "0");
        // The one that waited longest was answered as if its time was up; the others wait on.
        const auto early = co_await waiting.front().read_message();
        EXPECT_EQ(early.status(), 200);
        news.version = 9;
        under_test.server().look_again();
        for (std::size_t i = 1; i < 3; ++i) {
            const auto late = co_await waiting[i].read_message();
            EXPECT_EQ(late.body, "9");
        }
    });
}

TEST(hold, a_handler_that_never_answers_is_a_bug_and_no_loop) {
    const handler never = [](const request&) -> awaitable<reaction> { co_return wait_for_change{1ms}; };
    served under_test(never);
    EXPECT_TRUE(test::starts_with_status(under_test.answer_to(get("/", "Connection: close\r\n")), 500));
}

// ---- Unix sockets -----------------------------------------------------------------------------------------

class unix_socket : public testing::Test {
protected:
    asio::io_context loop;
    test::temporary_directory directory;
    std::string path = directory.path() / "control.sock";

    static awaitable<reaction> answer(const request& incoming) {
        co_return text_reply(200,
                             incoming.path + (incoming.from_loopback ? " from here" : " from elsewhere"));
    }

    void run(http_server& server, const std::function<awaitable<void>()>& scenario) {
        test::drive(loop, [&]() -> awaitable<void> {
            if (scenario)
                co_await scenario();
            server.drain();
            co_await server.join(0s);
        });
    }

    awaitable<result<reply>> ask(std::string where) {
        http_client client(loop.get_executor(), std::make_shared<tls_trust>());
        call request{.target = parse_url("http://localhost/hello").value(), .local_socket = std::move(where)};
        co_return co_await client.send(std::move(request));
    }

    [[nodiscard]] std::string refusal(http_server& server) const {
        try {
            server.bind_local(path, "TEST_SOCKET");
            return "bound";
        } catch (const startup_error& e) {
            return e.what();
        }
    }
};

TEST_F(unix_socket, a_request_is_answered_and_comes_from_this_machine) {
    http_server server(loop.get_executor(), "test");
    server.bind_local(path, "TEST_SOCKET");
    server.start(answer);
    run(server, [&]() -> awaitable<void> {
        const auto answer = co_await ask(path);
        EXPECT_TRUE(answer) << answer.error().message();
        EXPECT_EQ(answer->body, "/hello from here");
    });
}

TEST_F(unix_socket, the_owner_and_the_group_may_use_it) {
    http_server server(loop.get_executor(), "test");
    const mode_t before = ::umask(077);
    server.bind_local(path, "TEST_SOCKET");
    EXPECT_EQ(::umask(before), 077U);
    struct stat file {};
    ASSERT_EQ(::stat(path.c_str(), &file), 0);
    EXPECT_TRUE(S_ISSOCK(file.st_mode));
    EXPECT_EQ(file.st_mode & 0777U, 0660U);
    run(server, {});
}

TEST_F(unix_socket, the_file_goes_with_the_server) {
    http_server server(loop.get_executor(), "test");
    server.bind_local(path, "TEST_SOCKET");
    EXPECT_TRUE(std::filesystem::exists(path));
    run(server, {});
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(unix_socket, what_a_dead_process_left_is_replaced) {
    { asio::local::stream_protocol::acceptor dead(loop, asio::local::stream_protocol::endpoint(path)); }
    ASSERT_TRUE(std::filesystem::exists(path));
    http_server server(loop.get_executor(), "test");
    server.bind_local(path, "TEST_SOCKET");
    server.start(answer);
    run(server, [&]() -> awaitable<void> {
        const auto answer = co_await ask(path);
        EXPECT_TRUE(answer.has_value());
    });
}

TEST_F(unix_socket, another_servers_socket_is_left_alone) {
    http_server first(loop.get_executor(), "first");
    first.bind_local(path, "TEST_SOCKET");
    first.start(answer);
    http_server second(loop.get_executor(), "second");
    EXPECT_NE(refusal(second).find("TEST_SOCKET): another process does"), std::string::npos)
        << refusal(second);
    run(first, [&]() -> awaitable<void> {
        const auto answer = co_await ask(path);
        EXPECT_TRUE(answer.has_value());
    });
}

TEST_F(unix_socket, a_file_that_is_no_socket_is_left_alone) {
    std::ofstream(path) << "precious";
    http_server server(loop.get_executor(), "test");
    EXPECT_NE(refusal(server).find("Address already in use"), std::string::npos);
    EXPECT_EQ(std::filesystem::file_size(path), 8U);
}

TEST_F(unix_socket, a_path_that_is_too_long_is_refused_with_the_limit) {
    path = directory.path() / std::string(sizeof(sockaddr_un::sun_path), 'x');
    http_server server(loop.get_executor(), "test");
    EXPECT_NE(refusal(server).find("107 bytes at most"), std::string::npos);
    run(server, [&]() -> awaitable<void> {
        const auto answer = co_await ask(path);
        EXPECT_EQ(answer.error().value(), ENAMETOOLONG);
    });
}

TEST_F(unix_socket, a_folder_that_is_not_there_is_an_error_that_names_the_setting) {
    path = directory.path() / "no/such/folder.sock";
    http_server server(loop.get_executor(), "test");
    EXPECT_NE(refusal(server).find("TEST_SOCKET): No such file or directory"), std::string::npos);
}

}  // namespace
}  // namespace nullworker::net
