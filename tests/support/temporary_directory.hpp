#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace nullworker::test {

// A new empty directory, removed with its contents at the end.
class temporary_directory {
public:
    temporary_directory();
    ~temporary_directory();
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return x_path; }

    // The full path of `name` in here, whether it exists or not.
    [[nodiscard]] std::string file(std::string_view name) const { return x_path / name; }

    // Writes `content` to `name`; the full path.
    std::string write(std::string_view name, std::string_view content) const;

private:
    std::filesystem::path x_path;
};

// Everything in `file`. Throws if it cannot be read.
[[nodiscard]] std::string read_file(const std::filesystem::path& file);

// A file of recorded data, by its name in tests/data.
[[nodiscard]] std::string recorded(std::string_view name);

}  // namespace nullworker::test
