#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>

namespace nullworker {

using boost::system::error_code;

// The outcome of an operation that may fail in an expected way. Exceptions are for start-up and for bugs.
template <class T>
using result = boost::system::result<T, error_code>;

// What can go wrong that the operating system has no code for.
enum class errc {
    invalid_url = 1,     // not an absolute URL with a scheme and a host
    unsupported_scheme,  // a URL of another scheme than the caller can use
    no_server,           // a path, and no server is known that has it
    timed_out,           // the deadline passed first
    no_answer,           // a peer closed the connection and said nothing
    response_too_large,  // a peer's reply is longer than the caller allows
    unexpected_status,   // a peer answered with a status the caller cannot use
    invalid_json,        // not JSON, or nested too deeply
    duplicate_key,       // JSON in which an object has a key twice
    unexpected_message,  // JSON, but not the message the contract names
    invalid_public_key,  // not an RSA public key in PEM
    no_trusted_roots,    // no CA bundle found to verify a TLS peer with
    file_too_large,      // a file is longer than the caller allows
    file_in_use,         // another process has locked a file
    file_not_ours,       // a link, or somebody else's file, where one of our own should be
    too_many_interim,    // a peer sends one interim answer after the other
    too_many_lookups,    // as many names are being looked up as may be at a time
    no_thread,           // the system starts no thread for us
    child_still_there,   // a command that was killed earlier has not ended
    control_character,   // a header or a URL would have one in it, and what follows would be another header
};

const boost::system::error_category& nullworker_category() noexcept;
error_code make_error_code(errc value) noexcept;

// The program cannot start: `what()` is one line that names the setting, its value and the remedy.
class startup_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Another process is this worker already: nothing to tell the autoscaler, which would take the other one for
// broken.
class already_running : public startup_error {
public:
    using startup_error::startup_error;
};

}  // namespace nullworker

template <>
struct boost::system::is_error_code_enum<nullworker::errc> : std::true_type {};
