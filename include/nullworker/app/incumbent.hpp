#pragma once

#include <nullworker/app/settings.hpp>
#include <nullworker/base/asio.hpp>

#include <boost/asio/awaitable.hpp>

namespace nullworker::app {

// Whether a nullworkerd of this very container answers at the control port or the control socket of `config`.
// Then the container has its worker, and what keeps another one from starting is no news for the autoscaler,
// which would take the worker that runs for broken. Takes some seconds at most, where a process is frozen.
[[nodiscard]] asio::awaitable<bool> has_incumbent(const settings& config);

}  // namespace nullworker::app
