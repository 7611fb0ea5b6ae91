#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nullworker::options {

struct file_setting {
    std::string key;
    std::string value;
    std::size_t line = 0;  // from 1 on
};

// What a configuration file says: a `key = value` a line. A value is what stands behind =, without the
// blanks around it, and without quotes where the whole of it is in quotes. Lines that are empty or begin
// with # or ; say nothing.
struct settings_file {
    std::vector<file_setting> settings;
    std::optional<std::string> error;  // the first thing that is wrong, and where
};

[[nodiscard]] settings_file parse_settings(std::string_view text);

// Reads a file; `error` is set, too, where it cannot be read.
[[nodiscard]] settings_file read_settings(const std::string& file);

// `value` as such a file takes it; nothing where no line can hold it.
[[nodiscard]] std::optional<std::string> setting_value(const std::string& value);

}  // namespace nullworker::options
