#include <nullworker/wire/refusal.hpp>
#include <nullworker/wire/session_messages.hpp>

namespace nullworker::wire {

refusal refuse(const std::string& what) {
    return {error(what)};
}

refusal refuse(const std::string& field, const std::string& what) {
    return {error(field + ": " + what)};
}

}  // namespace nullworker::wire
