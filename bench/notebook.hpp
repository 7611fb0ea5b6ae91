#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace nullworker::bench {

// Who is measured: nullworkerd with its state file, as in production, and without; the client; and what
// stands beside them.
enum class side { kept, bare, client, nginx, beast, against, plain };

inline constexpr side all_sides[] = {side::kept,  side::bare,    side::client, side::nginx,
                                     side::beast, side::against, side::plain};
inline constexpr side ours[] = {side::kept, side::bare, side::client};

// As in the results file.
[[nodiscard]] std::string_view name_of(side who) noexcept;

// The value that the share `rank` of all values does not exceed; 0 without values.
[[nodiscard]] double quantile(std::vector<double> values, double rank);

[[nodiscard]] inline double median(std::vector<double> values) {
    return quantile(std::move(values), 0.5);
}

// What was measured: for each row and side the value of each round.
class notebook {
public:
    void add(std::string_view row, side who, double value) { x_values[row][who].push_back(value); }

    [[nodiscard]] const std::vector<double>& runs(std::string_view row, side who) const;

    // The median of the rounds; nothing where nothing was measured.
    [[nodiscard]] std::optional<double> value(std::string_view row, side who) const;

    // How `who` compares with `other`: the median of the quotients of each round, for what else the machine
    // does in one round it does to both. The quotient of the medians where they had no rounds in common.
    [[nodiscard]] std::optional<double> quotient(std::string_view row, side who, side other) const;

private:
    std::map<std::string_view, std::map<side, std::vector<double>>> x_values;
};

}  // namespace nullworker::bench
