#pragma once

#include "notebook.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nullworker::bench {

enum class bound { at_least, at_most };

// What a row must reach: a number, or a multiple of what another side has.
struct target {
    bound direction;
    double factor;
    std::optional<side> of = std::nullopt;  // nothing: `factor` is the number
};

// One line of the table.
struct row {
    std::string_view group;  // what is measured together
    std::string_view name;   // as --rows and the results file have it
    std::string_view what;   // for people
    std::string_view unit;
    std::vector<target> targets = {};
};

[[nodiscard]] const std::vector<row>& all_rows();

// Whether `who` reached it; nothing where that, or the other side, was not measured.
struct verdict {
    double value;  // the number, or the quotient by the other side
    bool met;
};
[[nodiscard]] std::optional<verdict> judge(const notebook& book, const row& of, const target& wanted,
                                           side who);

// Whether one of ours missed a target of one of these rows.
[[nodiscard]] bool any_missed(const notebook& book);

// "≥ 0.50 of nginx"
[[nodiscard]] std::string to_text(const target& wanted, std::string_view unit);

}  // namespace nullworker::bench
