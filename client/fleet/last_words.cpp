#include <fleet/last_words.hpp>
#include <nullworker/base/last_line.hpp>
#include <nullworker/base/pipe.hpp>
#include <nullworker/base/printable.hpp>

#include <array>
#include <cerrno>
#include <cstddef>

#include <unistd.h>

namespace nullworker::fleet {
namespace {

constexpr std::size_t longest_line = 200;
constexpr std::size_t bytes_kept = 4096;
constexpr std::size_t chunks_at_once = 16;  // others have things to do as well

}  // namespace

std::string last_line(std::string_view text) {
    text = nullworker::last_line(text, "\n");
    const bool cut = text.size() > longest_line;
    return printable(std::string(text.substr(0, longest_line))) + (cut ? " …" : "");
}

result<descriptor> last_words::open() {
    auto made = open_pipe();
    if (!made)
        return made.error();
    x_pipe.assign(made->reader.release());
    return std::move(made->writer);
}

asio::awaitable<void> last_words::listen() {
    while (x_pipe.is_open()) {
        const auto [ec] = co_await x_pipe.async_wait(asio::posix::stream_descriptor::wait_read, nothrow);
        if (ec || !take())
            co_return;
    }
}

std::string last_words::line() {
    (void)take();
    return last_line(x_text);
}

void last_words::hush() {
    error_code ignored;
    x_pipe.close(ignored);
}

// Keeps what is there to be read; false where nothing more can come.
bool last_words::take() {
    if (!x_pipe.is_open())
        return false;
    std::array<char, bytes_kept> chunk{};
    for (std::size_t i = 0; i < chunks_at_once; ++i) {
        const auto count = ::read(x_pipe.native_handle(), chunk.data(), chunk.size());
        if (count < 0)
            return errno == EAGAIN || errno == EINTR;
        if (count == 0)
            return false;
        x_text.append(chunk.data(), static_cast<std::size_t>(count));
        if (x_text.size() > bytes_kept)
            x_text.erase(0, x_text.size() - bytes_kept);
    }
    return true;
}

}  // namespace nullworker::fleet
