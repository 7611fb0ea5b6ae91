#include <commands/report_file.hpp>
#include <nullworker/base/descriptor.hpp>
#include <nullworker/base/random.hpp>

#include <cerrno>
#include <cstdio>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nullworker::client {
namespace {

constexpr std::size_t random_bytes_beside = 6;
constexpr mode_t whom_the_umask_lets = 0666;

error_code of_errno(int number) {
    return {number, boost::system::system_category()};
}

// A new file beside `path`, which is removed unless it takes that name.
class file_beside {
public:
    explicit file_beside(const std::string& path)
        : x_path(path),
          x_beside(path + '.' + random_hex(random_bytes_beside)),
          x_file(::open(x_beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, whom_the_umask_lets)),
          x_error(x_file.is_open() ? 0 : errno) {}
    ~file_beside() {
        if (x_file.is_open())
            (void)::unlink(x_beside.c_str());
    }
    file_beside(const file_beside&) = delete;
    file_beside& operator=(const file_beside&) = delete;

    [[nodiscard]] error_code why_not_there() const { return of_errno(x_error); }

    [[nodiscard]] error_code write(std::string_view text) const {
        while (!text.empty()) {
            const auto written = ::write(x_file.number(), text.data(), text.size());
            if (written < 0 && errno != EINTR)
                return of_errno(errno);
            text.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
        }
        return {};
    }

    // The last call.
    [[nodiscard]] error_code take_the_name() {
        if (::rename(x_beside.c_str(), x_path.c_str()) != 0)
            return of_errno(errno);
        (void)x_file.close();
        return {};
    }

private:
    std::string x_path;
    std::string x_beside;
    descriptor x_file;
    int x_error;
};

// A folder, a device or a pipe would be replaced, or in the way.
bool is_no_plain_file(const std::string& path) {
    struct stat facts {};
    return ::stat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode);
}

}  // namespace

void refuse_unwritable(const char* option, const std::string& path) {
    const auto refuse = [&](const std::string& why) {
        throw startup_error(std::string("--") + option + ": '" + path + "' cannot be written: " + why);
    };
    if (is_no_plain_file(path))
        refuse("it is there, and is no file");
    const file_beside probe(path);
    if (const auto ec = probe.why_not_there())
        refuse(ec.message());
}

error_code write_report(const std::string& path, std::string_view content) {
    file_beside written(path);
    if (const auto ec = written.why_not_there())
        return ec;
    if (const auto ec = written.write(content))
        return ec;
    return written.take_the_name();
}

}  // namespace nullworker::client
