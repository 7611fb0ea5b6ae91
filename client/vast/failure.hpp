#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

namespace nullworker::client {

// Why something the user asked for did not happen: a sentence for the terminal.
struct failure {
    std::string message;
    bool retryable = false;                // it may go better in a moment
    unsigned status = 0;                   // of a peer that refused; 0: nobody did
    boost::system::error_code cause = {};  // the network's reason; none: it is another one
    std::chrono::seconds retry_after{0};   // as the peer that refused says; 0: it does not
};

// Of a peer that does not have what was asked for.
inline constexpr unsigned status_not_found = 404;

template <class T>
using outcome = boost::system::result<T, failure>;

[[noreturn]] inline void throw_exception_from_error(const failure& why, const boost::source_location&) {
    throw std::logic_error("unchecked failure: " + why.message);
}

}  // namespace nullworker::client
