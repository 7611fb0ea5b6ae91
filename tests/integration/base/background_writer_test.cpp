#include <nullworker/base/background_writer.hpp>
#include <nullworker/base/descriptor.hpp>
#include <nullworker/base/log.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

namespace nullworker {
namespace {

using namespace std::chrono_literals;

struct pipe_ends {
    pipe_ends() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        reader = descriptor(ends[0]);
        writer = descriptor(ends[1]);
    }

    // Reads up to `text`, and no further.
    std::string read_until(const std::string& text) const {
        std::string all;
        char next = 0;
        while (!all.ends_with(text) && ::read(reader.number(), &next, 1) == 1)
            all += next;
        return all;
    }

    descriptor reader;
    descriptor writer;
};

std::string gap(std::uint64_t count) {
    return "<" + std::to_string(count) + " missing>";
}

TEST(a_background_writer, writes_texts_in_their_order) {
    pipe_ends pipe;
    background_writer under_test(pipe.writer.number(), 1024, gap);
    for (const char* text : {"one ", "two ", "three."})
        under_test.write(text);
    EXPECT_EQ(pipe.read_until("."), "one two three.");
    EXPECT_TRUE(under_test.flush(10s));
}

TEST(a_background_writer, never_waits_for_a_reader_and_says_what_is_missing) {
    pipe_ends pipe;
    background_writer under_test(pipe.writer.number(), 10'000, gap);
    const std::string text(1000, 'x');
    while (under_test.dropped() < 3)  // far more than a pipe and the buffer hold
        under_test.write(text);
    std::uint64_t missing = 0;
    while (missing < under_test.dropped()) {
        const auto part = pipe.read_until(">");
        const auto begin = part.find('<');
        EXPECT_EQ(begin % text.size(), 0U) << "a text was cut";
        missing += std::stoull(part.substr(begin + 1));
    }
    EXPECT_EQ(missing, under_test.dropped());
    under_test.write("and on");
    EXPECT_EQ(pipe.read_until("and on"), "and on");
}

TEST(a_background_writer, goes_on_where_a_descriptor_would_block) {
    pipe_ends pipe;
    ASSERT_EQ(::fcntl(pipe.writer.number(), F_SETFL, O_NONBLOCK), 0);
    background_writer under_test(pipe.writer.number(), 1'000'000, gap);
    const std::string text(200'000, 'x');  // more than a pipe holds
    under_test.write(text);
    under_test.write(".");
    EXPECT_EQ(pipe.read_until(".").size(), text.size() + 1);
}

TEST(a_background_writer, forgets_what_cannot_be_written) {
    pipe_ends pipe;
    (void)pipe.reader.close();
    background_writer under_test(pipe.writer.number(), 1024, gap);
    under_test.write("for nobody");
    EXPECT_TRUE(under_test.flush(10s));
    EXPECT_EQ(under_test.dropped(), 0U);
}

TEST(a_background_writer, tells_whether_all_is_written) {
    pipe_ends pipe;
    background_writer under_test(pipe.writer.number(), 1'000'000, gap);
    EXPECT_TRUE(under_test.is_done());
    under_test.write(std::string(200'000, 'x') + '.');
    EXPECT_FALSE(under_test.is_done());
    (void)pipe.read_until(".");
    while (!under_test.is_done())
        std::this_thread::yield();
}

TEST(a_background_writer, can_be_left_while_it_is_stuck) {
    pipe_ends pipe;
    {
        background_writer under_test(pipe.writer.number(), 1'000'000, gap);
        under_test.write(std::string(200'000, 'x'));
        EXPECT_FALSE(under_test.flush(1ms));
    }
    (void)pipe.reader.close();  // lets the thread go
}

TEST(the_log, never_waits_for_whoever_reads_it) {
    constexpr int lines = 4000;  // far more than a pipe and the buffer hold
    pipe_ends pipe;
    const descriptor usual(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
    log::set_level(log::level::info);
    ASSERT_GE(::dup2(pipe.writer.number(), STDERR_FILENO), 0);
    for (int i = 0; i < lines; ++i)
        log::info("flood", {{"text", std::string(200, 'x')}});
    const auto all = pipe.read_until("event=log_lines_dropped count=");
    log::flush();
    ASSERT_GE(::dup2(usual.number(), STDERR_FILENO), 0);
    log::set_level(log::level::off);
    EXPECT_NE(all.find("level=warning event=log_lines_dropped"), std::string::npos);
}

}  // namespace
}  // namespace nullworker
