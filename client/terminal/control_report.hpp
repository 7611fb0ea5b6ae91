#pragma once

#include <nullworker/wire/control_messages.hpp>

#include <string>

// What the control listener says, for people: printable, a row a fact. `now` is in epoch seconds.
namespace nullworker::client {

// "12 s", "3 min 20 s", "2 h 5 min", "4 d 1 h".
[[nodiscard]] std::string span_text(double seconds);

[[nodiscard]] std::string report(const wire::worker_status& status, double now);
[[nodiscard]] std::string report(const wire::slot_session& session, double now);

}  // namespace nullworker::client
