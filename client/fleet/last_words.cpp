#include <fleet/last_words.hpp>
#include <nullworker/base/printable.hpp>

#include <array>
#include <cerrno>
#include <cstddef>

#include <fcntl.h>
#include <unistd.h>

namespace nullworker::fleet {
namespace {

constexpr std::size_t longest_line = 200;
constexpr std::size_t bytes_kept = 4096;
constexpr std::size_t chunks_at_once = 16;  // others have things to do as well
constexpr std::string_view blank = " \t\r\n";

}  // namespace

std::string last_line(std::string_view text) {
    text = text.substr(0, text.find_last_not_of(blank) + 1);
    const auto before = text.rfind('\n');
    text.remove_prefix(before == std::string_view::npos ? 0 : before + 1);
    const bool cut = text.size() > longest_line;
    return printable(std::string(text.substr(0, longest_line))) + (cut ? " …" : "");
}

result<descriptor> last_words::open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return last_error();
    descriptor mine(ends[0]);
    descriptor theirs(ends[1]);
    // Theirs must block: programs do not expect to be told to write again.
    if (::fcntl(mine.number(), F_SETFL, O_NONBLOCK) != 0)
        return last_error();
    x_pipe.assign(mine.release());
    return theirs;
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
