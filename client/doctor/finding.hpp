#pragma once

#include <string>

namespace nullworker::client {

enum class severity {
    ok,
    warn,  // it works, but costs more than it must, or may not work for long
    fail,  // it does not work
};

// One thing that was looked at, and what to do about it. Keys and grants are in none.
struct finding {
    severity how = severity::ok;
    std::string subject;       // a word: target_util
    std::string value;         // what was found
    std::string wanted = {};   // what it should be; empty: there is no such value
    std::string reason = {};   // why that matters
    std::string remedy = {};   // what to do, in words
    std::string command = {};  // or as a line of shell
};

}  // namespace nullworker::client
