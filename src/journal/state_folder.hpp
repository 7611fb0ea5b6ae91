#pragma once

#include <nullworker/base/error.hpp>
#include <nullworker/base/file.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace nullworker::journal {

// The folder with the state file of one container. Everything here waits for the disk.
class state_folder {
public:
    state_folder(std::string directory, std::int64_t container_id, durability wanted);

    [[nodiscard]] const std::string& directory() const noexcept { return x_directory; }
    [[nodiscard]] const std::string& file() const noexcept { return x_file; }

    // Makes the folder if need be and locks it for this process. Fails with errc::file_in_use where another
    // process keeps the state of this container in it.
    [[nodiscard]] error_code open();

    // What the file says.
    [[nodiscard]] result<std::string> read() const;

    // Renames the file; its new name, or the old one where that cannot be done.
    [[nodiscard]] std::string set_aside() const;

    struct outcome {
        error_code failure;       // none: `text` is what the file says
        error_code still_stands;  // why, after a failure, the file could not even be made void
    };

    // Puts `text` into the file, in a folder made anew where it is gone. When that fails, what the file says
    // is void from then on, so that it does not come back at the next start.
    [[nodiscard]] outcome write(std::string_view text);

    // Puts `text`, which may be what the file says already, into it and into the one that it is exchanged
    // with.
    [[nodiscard]] outcome write_twice(std::string_view text);

private:
    error_code replace(std::string_view text);

    std::string x_directory;
    std::string x_file;
    std::string x_lock_file;
    std::int64_t x_container_id;
    durability x_wanted;
    file_lock x_lock;
    name_lock x_name_lock;
};

// What the file says once the worker goes on from memory.
inline constexpr std::string_view retired = "retired\n";

}  // namespace nullworker::journal
