#pragma once

#include <nullworker/wire/control_messages.hpp>

#include <string>

// What the control listener says, for people: printable, a row a fact. `now` is in epoch seconds.
namespace nullworker::client {

[[nodiscard]] std::string report(const wire::worker_status& status, double now);
[[nodiscard]] std::string report(const wire::slot_session& session, double now);

}  // namespace nullworker::client
