#include <nullworker/base/file.hpp>

#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nullworker {
namespace {

constexpr mode_t owner_only = 0600;

error_code write_all(int number, std::string_view content) {
    while (!content.empty()) {
        const auto written = ::write(number, content.data(), content.size());
        if (written >= 0)
            content.remove_prefix(static_cast<std::size_t>(written));
        else if (errno != EINTR)
            return last_error();
    }
    return {};
}

error_code sync_parent(const std::string& path) {
    const descriptor folder(
        ::open(path.substr(0, path.rfind('/') + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.is_open())
        return last_error();
    // Some file systems cannot do it for directories, and need not.
    return ::fsync(folder.number()) == 0 || errno == EINVAL ? error_code() : last_error();
}

// Overwrites what is there rather than to begin with an empty file: the blocks are there already, and file
// systems that guard against half-written files (ext4) hurry to the disk with one that was emptied.
error_code write_over(const std::string& path, std::string_view content, durability wanted) {
    descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, owner_only));
    if (!file.is_open())
        return last_error();
    if (::fchmod(file.number(), owner_only) != 0)
        return last_error();
    if (const auto ec = write_all(file.number(), content))
        return ec;
    if (::ftruncate(file.number(), static_cast<off_t>(content.size())) != 0)
        return last_error();
    if (wanted == durability::power && ::fsync(file.number()) != 0)
        return last_error();
    return file.close();
}

// Puts `draft` in the place of `path`, and the old file in that of the draft, for the next one to overwrite.
// Ten times as fast on ext4 as to replace a file, for the reason above. Where there is no old file, or the
// file system cannot exchange, it is replaced.
error_code put_in_place(const std::string& draft, const std::string& path) {
    if (::renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0)
        return {};
    return ::rename(draft.c_str(), path.c_str()) == 0 ? error_code() : last_error();
}

}  // namespace

result<std::string> read_file(const std::string& path, std::size_t most) {
    // Nobody may ever write into a pipe.
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat found {};
    if (!file.is_open() || ::fstat(file.number(), &found) != 0)
        return last_error();
    if (S_ISDIR(found.st_mode))
        return make_error_code(boost::system::errc::is_a_directory);
    if (!S_ISREG(found.st_mode))
        return make_error_code(boost::system::errc::invalid_argument);
    std::string out;
    char buffer[16 * 1024];
    for (;;) {
        const auto size = ::read(file.number(), buffer, sizeof buffer);
        if (size == 0)
            return out;
        if (size < 0 && errno != EINTR)
            return last_error();
        if (size > 0)
            out.append(buffer, static_cast<std::size_t>(size));
        if (out.size() > most)
            return errc::file_too_large;
    }
}

file_stamp stamp_of(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0)
        return {};
    constexpr std::int64_t second = 1'000'000'000;
    return {found.st_ino, found.st_size, found.st_mtim.tv_sec * second + found.st_mtim.tv_nsec};
}

error_code replace_file(const std::string& path, std::string_view content, durability wanted) {
    const std::string draft = path + ".new";
    auto ec = write_over(draft, content, wanted);
    if (!ec)
        ec = put_in_place(draft, path);
    return !ec && wanted == durability::power ? sync_parent(path) : ec;
}

error_code overwrite_file(const std::string& path, std::string_view content) {
    return write_over(path, content, durability::process);
}

result<file_lock> file_lock::take(const std::string& path) {
    descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, owner_only));
    if (!file.is_open())
        return last_error();
    if (::flock(file.number(), LOCK_EX | LOCK_NB) == 0)
        return file_lock(std::move(file));
    if (errno == EWOULDBLOCK)
        return errc::file_in_use;
    return last_error();
}

}  // namespace nullworker
