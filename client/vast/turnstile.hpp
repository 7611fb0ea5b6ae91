#pragma once

#include <nullworker/base/asio.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <list>
#include <optional>
#include <utility>

namespace nullworker::client {

// Lets so many in at once; the others come in the order in which they asked.
class turnstile {
public:
    // A place inside, left with the object. The turnstile outlives it.
    class place {
    public:
        explicit place(turnstile& of) : x_of(&of) {}
        place(place&& other) noexcept : x_of(std::exchange(other.x_of, nullptr)) {}
        place& operator=(place&& other) noexcept {
            std::swap(x_of, other.x_of);
            return *this;
        }
        place(const place&) = delete;
        place& operator=(const place&) = delete;
        ~place() {
            if (x_of)
                x_of->leave();
        }

    private:
        turnstile* x_of;
    };

    turnstile(asio::any_io_executor executor, std::size_t places)
        : x_executor(std::move(executor)), x_places(places) {}
    turnstile(const turnstile&) = delete;
    turnstile& operator=(const turnstile&) = delete;

    // Waits for a place; nothing when cancelled.
    [[nodiscard]] asio::awaitable<std::optional<place>> enter() {
        if (x_inside < x_places) {
            ++x_inside;
            co_return place(*this);
        }
        waiter self(*this);
        co_await self.bell.async_wait(nothrow);
        if (!self.admitted)
            co_return std::nullopt;
        self.admitted = false;  // the place is the caller's
        co_return place(*this);
    }

    [[nodiscard]] std::size_t inside() const noexcept { return x_inside; }

private:
    struct waiter {
        explicit waiter(turnstile& of)
            : bell(of.x_executor, asio::steady_timer::time_point::max()),
              door(of),
              where(of.x_line.insert(of.x_line.end(), this)) {}
        waiter(const waiter&) = delete;
        waiter& operator=(const waiter&) = delete;
        ~waiter() {
            if (where)
                door.x_line.erase(*where);
            if (admitted)
                door.leave();
        }

        asio::steady_timer bell;
        turnstile& door;
        std::optional<std::list<waiter*>::iterator> where;  // while it is in the line
        bool admitted = false;
    };

    void leave() {
        --x_inside;
        if (x_line.empty())
            return;
        auto& next = *x_line.front();
        x_line.pop_front();
        next.where.reset();
        next.admitted = true;
        ++x_inside;
        next.bell.cancel();
    }

    asio::any_io_executor x_executor;
    std::size_t x_places;
    std::size_t x_inside = 0;
    std::list<waiter*> x_line;
};

}  // namespace nullworker::client
