#pragma once

#include <nullworker/base/asio.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace nullworker {

// As process 1 of a container this program inherits every process whose parent has ended, and somebody has to
// collect what is left of it. Does so every second from its making until it is cancelled; where nobody can be
// inherited it does nothing.
class reaper {
public:
    explicit reaper(const asio::any_io_executor& executor);

    void cancel();

private:
    void look_later();

    asio::steady_timer x_timer;
    bool x_cancelled = false;
};

}  // namespace nullworker
