#include "support/drive.hpp"

#include <nullworker/base/deadline.hpp>
#include <nullworker/net/resolver.hpp>

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>

namespace nullworker::net {
namespace {

using namespace std::chrono_literals;

// A system of names in which some are never found out before the test ends.
struct name_service {
    std::promise<void> end;
    std::shared_future<void> ended = end.get_future().share();
    std::shared_ptr<std::atomic<int>> asked = std::make_shared<std::atomic<int>>(0);
    std::shared_ptr<std::atomic<bool>> is_away = std::make_shared<std::atomic<bool>>(false);

    ~name_service() { end.set_value(); }

    [[nodiscard]] resolver_settings settings() const {
        return {.patience = 20ms,
                .ask = [ended = ended, asked = asked,
                        is_away = is_away](const std::string& host) -> result<addresses> {
                    ++*asked;
                    if (*is_away || host.starts_with("slow"))
                        ended.wait();
                    if (host.starts_with("bad"))
                        return error_code(asio::error::host_not_found);
                    return addresses{asio::ip::make_address("192.0.2.7")};
                }};
    }
};

TEST(a_resolver, finds_names_and_takes_addresses_as_they_are) {
    asio::io_context loop;
    resolver under_test(loop.get_executor());
    const auto named = test::drive(loop, under_test.resolve("localhost"));
    ASSERT_TRUE(named.has_value());
    EXPECT_TRUE(named->at(0).is_loopback());
    const auto given = test::drive(loop, under_test.resolve("::1"));
    EXPECT_EQ(given->at(0), asio::ip::make_address("::1"));
}

TEST(a_resolver, lets_no_name_wait_for_another) {
    name_service names;
    asio::io_context loop;
    resolver under_test(loop.get_executor(), names.settings());
    test::drive(loop, [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 5; ++i) {
            auto slow = under_test.resolve("slow" + std::to_string(i));
            const auto lost = co_await within(1ms, std::move(slow));
            EXPECT_EQ(lost.error(), errc::timed_out);
        }
        const auto quick = co_await under_test.resolve("quick");
        EXPECT_TRUE(quick.has_value());
        const auto bad = co_await under_test.resolve("bad");
        EXPECT_EQ(bad.error(), asio::error::host_not_found);
    });
}

TEST(a_resolver, asks_once_for_a_name_that_is_being_looked_up) {
    name_service names;
    asio::io_context loop;
    resolver under_test(loop.get_executor(), names.settings());
    test::drive(loop, [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) {
            auto slow = under_test.resolve("slow");
            const auto lost = co_await within(1ms, std::move(slow));
            EXPECT_EQ(lost.error(), errc::timed_out);
        }
    });
    EXPECT_LE(names.asked->load(), 1);
}

TEST(a_resolver, refuses_more_look_ups_than_it_may_have) {
    name_service names;
    asio::io_context loop;
    auto settings = names.settings();
    settings.most = 2;
    resolver under_test(loop.get_executor(), settings);
    test::drive(loop, [&]() -> asio::awaitable<void> {
        for (const char* name : {"slow1", "slow2"}) {
            auto slow = under_test.resolve(name);
            (void)co_await within(1ms, std::move(slow));
        }
        const auto refused = co_await under_test.resolve("quick");
        EXPECT_EQ(refused.error(), errc::too_many_lookups);
    });
}

TEST(a_resolver, goes_on_with_the_last_good_address_when_names_cannot_be_found) {
    name_service names;
    asio::io_context loop;
    auto settings = names.settings();
    settings.keeps_last_good = true;
    resolver under_test(loop.get_executor(), settings);
    test::drive(loop, [&]() -> asio::awaitable<void> {
        const auto good = co_await under_test.resolve("autoscaler");
        *names.is_away = true;
        for (int i = 0; i < 3; ++i) {
            const auto still = co_await under_test.resolve("autoscaler");
            EXPECT_TRUE(still.has_value());
            EXPECT_EQ(*still, *good);
        }
        auto unknown = under_test.resolve("another");
        const auto lost = co_await within(1ms, std::move(unknown));
        EXPECT_EQ(lost.error(), errc::timed_out);
    });
}

}  // namespace
}  // namespace nullworker::net
