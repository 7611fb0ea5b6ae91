#pragma once

#include <nullworker/base/descriptor.hpp>
#include <nullworker/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace nullworker {

// Everything in `path`. Fails with the system's error, or errc::file_too_large above `most` bytes.
[[nodiscard]] result<std::string> read_file(const std::string& path, std::size_t most);

// The same of a file that this process's user has for himself: not a link, and not somebody else's. Fails
// with errc::file_not_ours where it is another.
[[nodiscard]] result<std::string> read_own_file(const std::string& path, std::size_t most);

// Tells one version of a file from another: which file it is, its size and the time of its last change.
struct file_stamp {
    std::uint64_t inode = 0;  // 0 where there is no file
    std::int64_t size = 0;
    std::int64_t changed_ns = 0;

    friend bool operator==(const file_stamp&, const file_stamp&) = default;
};

[[nodiscard]] file_stamp stamp_of(const std::string& path);

// Whether data must survive the power, or just the process.
enum class durability { process, power };

// Makes `content` the content of `path`, with mode 0600. A process that reads the file after this one died,
// at whatever moment, finds the old content or the new one, whole. Leaves the old file as it was when it
// fails. A second file, `path`.new, stays beside it; what somebody else put in its place is removed.
[[nodiscard]] error_code replace_file(const std::string& path, std::string_view content, durability wanted);

// Writes `content` into the file itself: for what need not be whole at every moment, but must find room on a
// full disk, in the blocks that the file has.
[[nodiscard]] error_code overwrite_file(const std::string& path, std::string_view content);

// Makes an empty file at `path`, or empties the one that is there. Fails where something else is there.
[[nodiscard]] error_code touch_file(const std::string& path);

// A file of ours to which lines are appended.
class appended_file {
public:
    appended_file() = default;

    // The file is there already.
    [[nodiscard]] static result<appended_file> open(const std::string& path);

    // Fails where the file is no longer there, or somebody else's.
    [[nodiscard]] error_code append(std::string_view text) const;

private:
    explicit appended_file(descriptor file) : x_file(std::move(file)) {}

    descriptor x_file;
};

// A lock on a name, held as long as the object lives and the process does, by the kernel alone: there is no
// file that could be removed. It holds among the processes of one network name space.
class name_lock {
public:
    name_lock() = default;

    // Fails with errc::file_in_use when another process holds it. At most 106 bytes.
    [[nodiscard]] static result<name_lock> take(std::string_view name);

    // Who has a copy of this descriptor, a child for one, holds the lock, too.
    [[nodiscard]] int number() const noexcept { return x_held.number(); }

private:
    explicit name_lock(descriptor held) : x_held(std::move(held)) {}

    descriptor x_held;
};

// A lock that is held as long as the object lives; the system lets go of it when the process dies, however it
// dies.
class file_lock {
public:
    file_lock() = default;

    // Fails with errc::file_in_use when another process holds the lock on `path`, which is made if need be. A
    // file of a disk that can only be read is locked, too, though not written.
    [[nodiscard]] static result<file_lock> take(const std::string& path);

    // Makes `text` what others can read in the file: who holds it.
    [[nodiscard]] error_code write(std::string_view text) const;

private:
    explicit file_lock(descriptor file) : x_file(std::move(file)) {}

    descriptor x_file;
};

}  // namespace nullworker
