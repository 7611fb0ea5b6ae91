#include "support/temporary_directory.hpp"

#include <nullworker/app/config.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>

// What docs/configuration.md says is what nullworkerd knows of it.
namespace nullworker::app {
namespace {

struct documented {
    std::string variable;
    std::string default_value;

    friend bool operator==(const documented&, const documented&) = default;
    friend std::ostream& operator<<(std::ostream& out, const documented& row) {
        return out << "variable '" << row.variable << "', default '" << row.default_value << "'";
    }
};

using table = std::map<std::string, documented>;

// The next cell of a table's row, without what makes it code.
std::string cell(std::istringstream& row) {
    std::string text;
    std::getline(row, text, '|');
    std::erase(text, '`');
    const auto first = std::min(text.find_first_not_of(' '), text.size());
    return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

table of_page() {
    table out;
    std::istringstream lines(test::read_file(NULLWORKER_CONFIGURATION_PAGE));
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("| `--"))
            continue;
        std::istringstream row(line.substr(1));
        const auto flag = cell(row);
        const auto variable = cell(row);
        out[flag] = {variable, cell(row)};
    }
    return out;
}

std::string default_of(const options::option_description& option) {
    if (option.required)
        return "required";
    return option.is_switch() ? "false" : option.default_value;
}

// Every flag that is a setting; the others ask for something else than a run.
table of_program() {
    table out;
    for (const auto& option : describe_command_line().options)
        if (!option.environment.empty())
            out[option.flags.back()] = {option.environment, default_of(option)};
    return out;
}

TEST(configuration_page, has_every_setting_with_its_variable_and_its_default) {
    if (!std::filesystem::exists(NULLWORKER_CONFIGURATION_PAGE))
        GTEST_SKIP() << "there is no " << NULLWORKER_CONFIGURATION_PAGE;
    auto written = of_page();
    for (const auto& [flag, facts] : of_program()) {
        EXPECT_EQ(written[flag], facts) << "of " << flag << " on the page";
        written.erase(flag);
    }
    for (const auto& [flag, facts] : written)
        ADD_FAILURE() << flag << " is on the page only: " << facts;
}

TEST(command_line, is_described_whatever_the_environment_says) {
    ::setenv("NULLWORKER_CONFIG", "/some/file", 1);
    const auto options = describe_command_line().options;
    ::unsetenv("NULLWORKER_CONFIG");
    const auto config = std::find_if(options.begin(), options.end(), [](const auto& option) {
        return option.environment == "NULLWORKER_CONFIG";
    });
    ASSERT_NE(config, options.end());
    EXPECT_EQ(config->default_value, "");
    EXPECT_EQ(config->value.kind, options::value_kind::file);
}

}  // namespace
}  // namespace nullworker::app
