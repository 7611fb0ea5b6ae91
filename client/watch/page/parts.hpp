#pragma once

#include <string_view>

namespace nullworker::client::watch {

// The files of this folder, which CMake puts into a source: see cmake/watch_page.cmake.
extern const std::string_view page_html;  // has @policy@, @style@, @document@ and @script@ in it
extern const std::string_view page_style;
extern const std::string_view page_script;  // all of the scripts

}  // namespace nullworker::client::watch
