#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace nullworker {

// Writes texts to a descriptor from a thread of its own: a pipe that nobody reads, a terminal that is stopped
// or a disk that hangs holds up nobody else. Texts that find no room in the buffer are dropped whole and
// counted, and once the buffer drains the reader is told so. Where the system gives no thread, each call
// writes as much as the reader takes at once.
class background_writer {
public:
    // `descriptor` outlives the process. `most` is the size of the buffer in bytes. `tell` makes what the
    // reader is told when `count` texts were dropped; it is called on the thread.
    background_writer(int descriptor, std::size_t most, std::function<std::string(std::uint64_t count)> tell);

    // Leaves the thread behind where it is stuck; what is in the buffer is lost then.
    ~background_writer();
    background_writer(const background_writer&) = delete;
    background_writer& operator=(const background_writer&) = delete;

    // Appends `text` to what is written next. Never waits for the reader.
    void write(std::string_view text);

    // `call` sees to it that `wake` is called soon after there is something to write, in place of `write`:
    // to wake a thread may take longer than all else that a handler does. Empty: `write` does so itself.
    void call_by(std::function<void()> call);

    // Wakes the thread.
    void wake();

    // Whether everything is written; if not, the thread is hurried. For an event loop that asks again.
    [[nodiscard]] bool is_done();

    // Waits until everything is written, `patience` at most; whether it is. For the end of a process, not for
    // an event loop.
    bool flush(std::chrono::steady_clock::duration patience);

    // Whether something could not be written, for the system's reason; it is lost.
    [[nodiscard]] bool has_failed() const;

    // How many texts were dropped so far.
    [[nodiscard]] std::uint64_t dropped() const;

private:
    struct shared;

    std::shared_ptr<shared> x_shared;
    std::function<void()> x_call;
};

}  // namespace nullworker
