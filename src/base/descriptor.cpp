#include <nullworker/base/descriptor.hpp>

#include <cerrno>

#include <unistd.h>

namespace nullworker {

error_code last_error() noexcept {
    return {errno, boost::system::system_category()};
}

error_code descriptor::close() noexcept {
    const int number = release();
    return number < 0 || ::close(number) == 0 ? error_code() : last_error();
}

}  // namespace nullworker
