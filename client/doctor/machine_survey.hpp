#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/side_thread.hpp>
#include <work/control_line.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <doctor/machine_facts.hpp>
#include <functional>
#include <string>
#include <vector>

namespace nullworker::client {

// Looks at this machine and the worker on it, and changes nothing. What may block is done by a thread beside
// the event loop, and given up after some seconds.
class machine_survey {
public:
    machine_survey(asio::any_io_executor executor, control_place worker);

    [[nodiscard]] asio::awaitable<outcome<wire::worker_status>> worker();

    // Who runs here, and with what environment the worker does, as far as this user may see it.
    struct inhabitants {
        std::vector<process_facts> processes;
        environment_facts environment;
    };
    [[nodiscard]] asio::awaitable<inhabitants> look_around();

    // Of a worker that says that it is reached at `own_url`.
    [[nodiscard]] asio::awaitable<port_facts> port(environment_facts environment, std::string own_url);

    // Of one that serves TLS at `host`.
    [[nodiscard]] asio::awaitable<certificate_facts> certificate(environment_facts environment,
                                                                 std::string host);

    [[nodiscard]] asio::awaitable<directory_facts> state_directory(environment_facts environment);

    [[nodiscard]] asio::awaitable<std::vector<address_facts>> addresses(environment_facts environment);

private:
    template <class T>
    asio::awaitable<result<T>> beside(std::function<T()> job);
    asio::awaitable<std::string> vasts_root(environment_facts environment);

    asio::any_io_executor x_executor;
    control_place x_worker;
    side_thread x_thread;
};

}  // namespace nullworker::client
