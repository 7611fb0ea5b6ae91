#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/descriptor.hpp>
#include <nullworker/base/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <string>
#include <string_view>

namespace nullworker::fleet {

// The last line of a text that is not blank: printable, and cut where it is long. Empty where there is none.
[[nodiscard]] std::string last_line(std::string_view text);

// What a process writes that nobody else reads. Its end is kept, to be told when the process has failed.
class last_words {
public:
    explicit last_words(const asio::any_io_executor& executor) : x_pipe(executor) {}

    // The end to write to. To be called once, before listen().
    [[nodiscard]] result<descriptor> open();

    // Reads until hush().
    [[nodiscard]] asio::awaitable<void> listen();

    // The last line of what was written until now.
    [[nodiscard]] std::string line();

    // Nothing is read from here on.
    void hush();

private:
    [[nodiscard]] bool take();

    asio::posix::stream_descriptor x_pipe;
    std::string x_text;
};

}  // namespace nullworker::fleet
