#include "support/temporary_directory.hpp"
#include "support/test_worker.hpp"

#include <nullworker/base/service_manager.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace nullworker {
namespace {

using namespace std::chrono_literals;

// Plays systemd: a socket that the process is told of.
class service_manager_test : public testing::Test {
protected:
    ~service_manager_test() override {
        for (const auto* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
            ::unsetenv(name);
        ::close(x_line);
    }

    // '@' stands for a name that is in no folder.
    void listen_at(const std::string& name) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name.data(), name.size());
        if (name.front() == '@')
            address.sun_path[0] = '\0';
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        ASSERT_EQ(::bind(x_line, reinterpret_cast<const sockaddr*>(&address), size), 0);
        ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    }

    // The next message that is there already; empty: none.
    [[nodiscard]] std::string heard() const {
        char text[512];
        const auto size = ::recv(x_line, text, sizeof text, MSG_DONTWAIT);
        return size < 0 ? std::string() : std::string(text, static_cast<std::size_t>(size));
    }

    test::temporary_directory x_folder;
    int x_line = ::socket(AF_UNIX, SOCK_DGRAM, 0);
};

TEST_F(service_manager_test, hears_what_it_is_told) {
    listen_at(x_folder.file("notify"));
    tell_service_manager("READY=1");
    EXPECT_EQ(heard(), "READY=1");
    EXPECT_EQ(heard(), "");
}

TEST_F(service_manager_test, may_listen_in_no_folder) {
    listen_at("@nullworker-test-" + std::to_string(::getpid()));
    tell_service_manager("STATUS=fine");
    EXPECT_EQ(heard(), "STATUS=fine");
}

TEST_F(service_manager_test, is_not_missed) {
    tell_service_manager("READY=1");
    ::setenv("NOTIFY_SOCKET", x_folder.file("nobody").c_str(), 1);
    tell_service_manager("READY=1");
    ::setenv("NOTIFY_SOCKET", ("/" + std::string(200, 'x')).c_str(), 1);
    tell_service_manager("READY=1");
}

TEST_F(service_manager_test, says_how_often_it_wants_to_hear_of_the_process) {
    EXPECT_EQ(watchdog_interval(), std::nullopt);
    ::setenv("WATCHDOG_USEC", "2000000", 1);
    EXPECT_EQ(watchdog_interval(), 2s);
    ::setenv("WATCHDOG_PID", "1", 1);
    EXPECT_EQ(watchdog_interval(), std::nullopt);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    EXPECT_EQ(watchdog_interval(), 2s);
    for (const auto* wrong : {"0", "-1", "soon", "2s"}) {
        ::setenv("WATCHDOG_USEC", wrong, 1);
        EXPECT_EQ(watchdog_interval(), std::nullopt) << wrong;
    }
}

TEST_F(service_manager_test, follows_a_worker_from_start_to_stop) {
    listen_at(x_folder.file("notify"));
    ::setenv("WATCHDOG_USEC", "1000000", 1);
    const auto story = [](test::test_worker&) -> asio::awaitable<void> { co_return; };
    test::with_worker(story);
    std::string all;
    for (auto next = heard(); !next.empty(); next = heard())
        all += next + "\n";
    const auto place = [&all](const char* text) { return all.find(text); };
    EXPECT_NE(place("WATCHDOG=1"), std::string::npos) << all;
    EXPECT_LT(place("READY=1"), place("STATUS=ready")) << all;
    EXPECT_LT(place("STATUS=ready"), place("STOPPING=1")) << all;
    EXPECT_NE(place("STOPPING=1"), std::string::npos) << all;
}

}  // namespace
}  // namespace nullworker
