#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <thread>

namespace nullworker {
namespace {

// What no handler may do.
void hold_up_a_loop() {
    ::setenv("NULLWORKER_HANDLER_LIMIT_MS", "5", 1);
    boost::asio::io_context loop;
    boost::asio::post(loop, [] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); });
    loop.run();
}

TEST(a_handler_watch, ends_the_program_when_a_handler_holds_up_the_event_loop) {
#ifdef BOOST_ASIO_CUSTOM_HANDLER_TRACKING
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // which reads the variable anew
    EXPECT_DEATH(hold_up_a_loop(), "a handler ran for [0-9]+ ms");
#else
    hold_up_a_loop();
    GTEST_SKIP() << "this build does not watch its handlers";
#endif
}

}  // namespace
}  // namespace nullworker
