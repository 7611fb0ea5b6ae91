#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>

namespace nullworker::wire {

// Why a request was not understood: the JSON body of the 422 that says so.
struct refusal {
    std::string body;
};

// A parsed message, or the refusal to send back.
template <class T>
using parsed = boost::system::result<T, refusal>;

[[noreturn]] inline void throw_exception_from_error(const refusal& why, const boost::source_location&) {
    throw std::logic_error("unchecked refusal: " + why.body);
}

// {"error": "<field>: <what is wrong>"}
[[nodiscard]] refusal refuse(const std::string& field, const std::string& what);

// {"error": "<what is wrong>"}
[[nodiscard]] refusal refuse(const std::string& what);

}  // namespace nullworker::wire
