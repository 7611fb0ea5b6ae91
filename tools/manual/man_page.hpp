#pragma once

#include <nullworker/options/command_description.hpp>

#include <string>
#include <vector>

namespace nullworker::manual {

// What a page says beyond the program's options.
struct page_facts {
    int section = 1;                    // 1: for users, 8: for administrators
    std::string version;                // of the project
    std::vector<std::string> see_also;  // nullworkerd(8)
};

// The manual page of a program in the language of man(7). The same for the same description: no date.
[[nodiscard]] std::string man_page(const options::command_description& program, const page_facts& facts);

}  // namespace nullworker::manual
