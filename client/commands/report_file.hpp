#pragma once

#include <nullworker/base/error.hpp>

#include <string>
#include <string_view>

namespace nullworker::client {

// Throws startup_error where `option` names what cannot be written as a report: checked by writing beside it.
// What is there stays as it is.
void refuse_unwritable(const char* option, const std::string& path);

// Makes `content` the content of `path`, for everybody to read whom the user's umask lets. Whoever reads it
// finds the old content or the new one, whole.
[[nodiscard]] error_code write_report(const std::string& path, std::string_view content);

}  // namespace nullworker::client
