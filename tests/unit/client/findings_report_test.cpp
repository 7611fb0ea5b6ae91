#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <doctor/report.hpp>
#include <sstream>
#include <string>

namespace nullworker::client {
namespace {

const finding too_low{.how = severity::fail,
                      .subject = "target_util",
                      .value = "0.9",
                      .wanted = "1",
                      .reason = "capacity wanted = load / this: below 1 one session rents two machines",
                      .command = "vastai update endpoint 7 --target_util 1.0"};

TEST(findings_report, what_is_wrong_has_its_reason_and_what_to_do_below_it) {
    EXPECT_EQ(lines_of(too_low),
              "FAIL  target_util         0.9 (recommended: 1)\n"
              "                          capacity wanted = load / this: below 1 one session\n"
              "                          rents two machines\n"
              "                          vastai update endpoint 7 --target_util 1.0\n");
}

TEST(findings_report, what_is_right_takes_a_line) {
    auto right = too_low;
    right.how = severity::ok;
    right.value = "1";
    EXPECT_EQ(lines_of(right), "OK    target_util         1 (recommended: 1)\n");
}

TEST(findings_report, it_fits_80_columns_unless_a_word_is_longer) {
    auto talkative = too_low;
    for (int i = 0; i < 40; ++i)
        (talkative.value += " word") += std::to_string(i);
    talkative.command += " --inactivity_timeout 10 --max_queue_time 1 --target_queue_time 0.5";
    std::istringstream lines(lines_of(talkative));
    for (std::string line; std::getline(lines, line);)
        EXPECT_LE(line.size(), 80U) << line;
}

TEST(findings_report, a_line_of_shell_that_is_folded_can_still_be_run) {
    const auto text = lines_of({.fail = 1},
                               "vastai update endpoint 7 --target_util 1.0 --max_queue_time 1 "
                               "--target_queue_time 0.5 --min_load 0");
    EXPECT_EQ(text,
              "\n0 OK, 0 WARN, 1 FAIL\n"
              "The parameters are mended by\n"
              "    vastai update endpoint 7 --target_util 1.0 --max_queue_time 1 \\\n"
              "    --target_queue_time 0.5 --min_load 0\n");
}

TEST(findings_report, what_others_wrote_is_harmless) {
    auto rude = too_low;
    rude.value = "a\x1b[31m\nb";
    EXPECT_EQ(lines_of(rude).find('\x1b'), std::string::npos);
    EXPECT_EQ(lines_of(rude).substr(0, lines_of(rude).find('\n')),
              "FAIL  target_util         a\\u001b[31m\\nb (recommended: 1)");
}

TEST(findings_report, a_program_gets_the_same_findings) {
    const auto told = nlohmann::json::parse(json_of(too_low));
    EXPECT_EQ(told.at("event"), "finding");
    EXPECT_EQ(told.at("severity"), "FAIL");
    EXPECT_EQ(told.at("subject"), "target_util");
    EXPECT_EQ(told.at("value"), "0.9");
    EXPECT_EQ(told.at("wanted"), "1");
    EXPECT_EQ(told.at("command"), too_low.command);
    EXPECT_TRUE(told.at("remedy").is_null());
    const auto sum = nlohmann::json::parse(json_of({.ok = 1, .warn = 2, .fail = 3}, ""));
    EXPECT_EQ(sum, nlohmann::json::parse(
                       R"({"event": "summary", "ok": 1, "warn": 2, "fail": 3, "command": null})"));
}

}  // namespace
}  // namespace nullworker::client
