#pragma once

#include <string>
#include <string_view>

// The language of manual pages.
namespace nullworker::manual {

// Text that is shown as it stands, also at the beginning of a line and between the quotes of a macro.
[[nodiscard]] std::string roff_text(std::string_view text);

[[nodiscard]] std::string bold(std::string_view text);
[[nodiscard]] std::string italic(std::string_view text);

// Text in which `code` is bold.
[[nodiscard]] std::string roff_prose(std::string_view text);

}  // namespace nullworker::manual
