#include <nullworker/base/descriptor.hpp>

#include <algorithm>
#include <cerrno>

#include <sys/resource.h>
#include <unistd.h>

namespace nullworker {

error_code last_error() noexcept {
    return {errno, boost::system::system_category()};
}

std::optional<std::size_t> take_descriptors(std::size_t wanted) noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return std::nullopt;
    if (limit.rlim_cur >= wanted)
        return limit.rlim_cur;
    const rlimit raised{std::min<rlim_t>(limit.rlim_max, wanted), limit.rlim_max};
    return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

error_code descriptor::close() noexcept {
    const int number = release();
    return number < 0 || ::close(number) == 0 ? error_code() : last_error();
}

}  // namespace nullworker
