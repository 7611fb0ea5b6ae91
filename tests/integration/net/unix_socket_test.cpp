// A server on a Unix socket.

#include "support/drive.hpp"
#include "support/temporary_directory.hpp"

#include <nullworker/net/http_client.hpp>
#include <nullworker/net/http_server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <sys/stat.h>
#include <sys/un.h>

namespace nullworker::net {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;

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

TEST_F(unix_socket, a_request_needs_no_host) {
    http_server server(loop.get_executor(), "test");
    server.bind_local(path, "TEST_SOCKET");
    server.start([](const request& incoming) -> awaitable<reaction> {
        co_return text_reply(200, incoming.from_unix_socket ? "on a socket" : "elsewhere");
    });
    run(server, [&]() -> awaitable<void> {
        asio::local::stream_protocol::socket peer(loop.get_executor());
        const asio::local::stream_protocol::endpoint where(path);
        peer.connect(where);
        const std::string sent = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
        (void)co_await peer.async_send(asio::buffer(sent), asio::use_awaitable);
        std::string answer(200, '\0');
        std::size_t size = 0;
        for (error_code ec; !ec;) {
            auto room = asio::buffer(answer.data() + size, answer.size() - size);
            const auto [failure, got] = co_await peer.async_receive(room, nothrow);
            size += got;
            ec = failure;
        }
        EXPECT_EQ(answer.find("HTTP/1.1 200 OK"), 0u) << answer;
        EXPECT_NE(answer.find("on a socket"), std::string::npos) << answer;
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
