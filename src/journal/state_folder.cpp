#include "state_folder.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include <sys/stat.h>

namespace nullworker::journal {
namespace {

// Grants and payloads of one session and a full outbox stay far below.
constexpr std::size_t max_file_bytes = 64 * 1024 * 1024;

// Which folder it is, by the one that it lies in: that stays when the folder is removed and made anew, and it
// tells roots apart in which the paths are the same.
std::string lock_name(const std::string& directory, std::int64_t container_id) {
    constexpr std::size_t longest = 40;
    std::error_code failed;
    const auto path = std::filesystem::canonical(directory, failed);
    struct stat parent {};
    if (failed || ::stat(path.parent_path().c_str(), &parent) != 0)
        return "nullworker " + std::to_string(container_id) + ' ' + directory.substr(0, longest);
    return "nullworker " + std::to_string(container_id) + ' ' + std::to_string(parent.st_dev) + ':' +
           std::to_string(parent.st_ino) + ' ' + path.filename().string().substr(0, longest);
}

}  // namespace

state_folder::state_folder(std::string directory, std::int64_t container_id, durability wanted)
    : x_directory(std::move(directory)),
      x_file(x_directory + "/state-" + std::to_string(container_id) + ".json"),
      x_lock_file(x_directory + "/state-" + std::to_string(container_id) + ".lock"),
      x_container_id(container_id),
      x_wanted(wanted) {}

// The file keeps processes of other network name spaces away, which may share the disk; the name stays locked
// when somebody removes the file, or the folder.
error_code state_folder::open() {
    std::error_code made;
    std::filesystem::create_directories(x_directory, made);
    if (made)
        return {made.value(), boost::system::system_category()};
    auto name = name_lock::take(lock_name(x_directory, x_container_id));
    if (name)
        x_name_lock = std::move(*name);
    else if (name.error() == errc::file_in_use)
        return errc::file_in_use;
    auto lock = file_lock::take(x_lock_file);
    if (!lock)
        return lock.error();
    x_lock = std::move(*lock);
    return {};
}

result<std::string> state_folder::read() const {
    return read_own_file(x_file, max_file_bytes);
}

std::string state_folder::set_aside() const {
    const std::string kept = x_file + ".set-aside";
    std::error_code failed;
    std::filesystem::rename(x_file, kept, failed);
    return failed ? x_file : kept;
}

error_code state_folder::replace(std::string_view text) {
    const auto failure = replace_file(x_file, text, x_wanted);
    if (failure != boost::system::errc::no_such_file_or_directory)
        return failure;
    std::error_code failed;
    std::filesystem::create_directories(x_directory, failed);
    return replace_file(x_file, text, x_wanted);
}

// The file is overwritten, not removed: it keeps its room on the disk for the next state.
state_folder::outcome state_folder::write(std::string_view text) {
    const auto failure = replace(text);
    if (!failure)
        return {};
    const auto still_stands = overwrite_file(x_file, retired);
    const bool is_gone = still_stands == boost::system::errc::no_such_file_or_directory;
    return {failure, is_gone ? error_code() : still_stands};
}

state_folder::outcome state_folder::write_twice(std::string_view text) {
    auto failure = replace(text);
    if (!failure)
        failure = replace(text);
    return {failure, {}};
}

}  // namespace nullworker::journal
