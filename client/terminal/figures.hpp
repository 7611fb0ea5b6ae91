#pragma once

#include <string>

// Figures for people.
namespace nullworker::client {

// "12 s", "3 min 20 s", "2 h 5 min", "4 d 1 h".
[[nodiscard]] std::string span_text(double seconds);

// The same, and with tenths where they matter: "3.2 s" below 10 s.
[[nodiscard]] std::string brief_span_text(double seconds);

// "$12.30", and where it is little "$0.0012".
[[nodiscard]] std::string dollars_text(double dollars);

}  // namespace nullworker::client
