#include <nullworker/base/file.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

// Nobody else has opened it, or can: no link to another file, no pipe, nothing that somebody else put there.
bool is_ours_alone(const descriptor& file) {
    struct stat found {};
    return ::fstat(file.number(), &found) == 0 && S_ISREG(found.st_mode) && found.st_nlink == 1 &&
           found.st_uid == ::geteuid();
}

// A folder that has something in it is kept under another name.
void clear_the_way(const std::string& path) {
    if (::unlink(path.c_str()) == 0 || errno != EISDIR || ::rmdir(path.c_str()) == 0)
        return;
    const std::string kept = path + ".set-aside";
    (void)::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, kept.c_str(), RENAME_NOREPLACE);
}

// The file of ours at `path`, or a new one in the place of whatever else is there. Without O_NONBLOCK a pipe
// that nobody reads would be waited for.
descriptor open_our_own(const std::string& path) {
    constexpr int how = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    descriptor file(::open(path.c_str(), how));
    if (file.is_open() && is_ours_alone(file))
        return file;
    if (file.is_open() || errno != ENOENT)
        clear_the_way(path);
    return descriptor(::open(path.c_str(), how | O_CREAT | O_EXCL, owner_only));
}

// Overwrites what is there rather than to begin with an empty file: the blocks are there already, and file
// systems that guard against half-written files (ext4) hurry to the disk with one that was emptied.
error_code write_over(const std::string& path, std::string_view content, durability wanted) {
    descriptor file = open_our_own(path);
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

namespace {

result<std::string> read_all(const descriptor& file, std::size_t most) {
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
    return read_all(file, most);
}

result<std::string> read_own_file(const std::string& path, std::size_t most) {
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
    if (!file.is_open())
        return last_error();
    if (!is_ours_alone(file))
        return errc::file_not_ours;
    return read_all(file, most);
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

error_code touch_file(const std::string& path) {
    constexpr mode_t everybody_reads = 0644;
    const descriptor file(::open(
        path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, everybody_reads));
    struct stat found {};
    if (!file.is_open() || ::fstat(file.number(), &found) != 0)
        return last_error();
    return S_ISREG(found.st_mode) ? error_code() : make_error_code(boost::system::errc::invalid_argument);
}

result<appended_file> appended_file::open(const std::string& path) {
    descriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file.is_open())
        return last_error();
    if (!is_ours_alone(file))
        return errc::file_not_ours;
    return appended_file(std::move(file));
}

error_code appended_file::append(std::string_view text) const {
    if (!is_ours_alone(x_file))
        return make_error_code(errc::file_not_ours);
    return write_all(x_file.number(), text);
}

result<name_lock> name_lock::take(std::string_view name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name.size() >= sizeof address.sun_path)
        return error_code(ENAMETOOLONG, boost::system::system_category());
    std::copy(name.begin(), name.end(), address.sun_path + 1);  // behind a zero: in the abstract name space
    descriptor held(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    if (held.is_open() && ::bind(held.number(), reinterpret_cast<const sockaddr*>(&address), length) == 0)
        return name_lock(std::move(held));
    if (errno == EADDRINUSE)
        return errc::file_in_use;
    return last_error();
}

result<file_lock> file_lock::take(const std::string& path) {
    constexpr int anyhow = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | anyhow, owner_only));
    if (!file.is_open() && errno == EROFS)
        file = descriptor(::open(path.c_str(), O_RDONLY | anyhow));
    if (!file.is_open())
        return last_error();
    if (::flock(file.number(), LOCK_EX | LOCK_NB) == 0)
        return file_lock(std::move(file));
    if (errno == EWOULDBLOCK)
        return errc::file_in_use;
    return last_error();
}

error_code file_lock::write(std::string_view text) const {
    if (::ftruncate(x_file.number(), 0) != 0 || ::lseek(x_file.number(), 0, SEEK_SET) != 0)
        return last_error();
    return write_all(x_file.number(), text);
}

}  // namespace nullworker
