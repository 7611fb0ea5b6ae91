#include <nullworker/base/metrics.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

namespace nullworker {
namespace {

std::string page_of(metric one) {
    return to_text({std::move(one)});
}

TEST(metrics, have_a_help_a_type_and_a_value_each) {
    EXPECT_EQ(to_text({{"ready", metric::kind::gauge, "Whether", 1.0},
                       {"lost_total", metric::kind::counter, "How many", 3.0}}),
              "# HELP nullworker_ready Whether\n# TYPE nullworker_ready gauge\nnullworker_ready 1\n"
              "# HELP nullworker_lost_total How many\n# TYPE nullworker_lost_total counter\n"
              "nullworker_lost_total 3\n");
}

TEST(metrics, keep_large_numbers_exact_and_name_those_that_are_none) {
    struct row {
        double value;
        const char* text;
    };
    for (const auto& row : {row{123456789012.0, "123456789012"}, row{0.25, "0.25"}, row{HUGE_VAL, "+Inf"},
                            row{-HUGE_VAL, "-Inf"}, row{NAN, "NaN"}}) {
        const auto text = page_of({"n", metric::kind::gauge, "N", row.value});
        EXPECT_NE(text.find(std::string("\nnullworker_n ") + row.text + '\n'), std::string::npos) << text;
    }
}

TEST(metrics, have_a_line_for_each_series) {
    const std::vector<series> two = {{{{"from", "here"}, {"to", "there"}}, 1.0}, {{{"from", "x"}}, 2.0}};
    EXPECT_EQ(page_of({"ways", metric::kind::gauge, "Ways", two}),
              "# HELP nullworker_ways Ways\n# TYPE nullworker_ways gauge\n"
              "nullworker_ways{from=\"here\",to=\"there\"} 1\nnullworker_ways{from=\"x\"} 2\n");
}

TEST(metrics, without_a_series_are_not_there) {
    EXPECT_EQ(page_of({"ways", metric::kind::gauge, "Ways", std::vector<series>()}), "");
}

TEST(metrics, cannot_be_broken_by_what_stands_in_a_label) {
    const std::vector<series> one = {{{{"address", "say \"no\"\n\\ twice\x1b"}}, 1.0}};
    EXPECT_NE(page_of({"n", metric::kind::gauge, "N", one})
                  .find("{address=\"say \\\"no\\\"\\\\n\\\\\\\\ twice\\\\u001b\"} 1\n"),
              std::string::npos);
}

TEST(metrics, cut_a_label_of_any_length) {
    const std::vector<series> one = {{{{"address", std::string(5000, 'x')}}, 1.0}};
    EXPECT_LT(page_of({"n", metric::kind::gauge, "N", one}).size(), 400U);
}

TEST(metrics, of_a_histogram_count_from_the_bottom_on) {
    static constexpr std::array bounds = {0.5, 1.0, 10.0};
    histogram waits(bounds);
    for (const double value : {0.25, 0.5, 0.75, 10.0, 100.0})
        waits.observe(value);
    EXPECT_EQ(page_of({"wait_seconds", metric::kind::histogram, "Waits", std::cref(waits)}),
              "# HELP nullworker_wait_seconds Waits\n# TYPE nullworker_wait_seconds histogram\n"
              "nullworker_wait_seconds_bucket{le=\"0.5\"} 2\n"
              "nullworker_wait_seconds_bucket{le=\"1\"} 3\n"
              "nullworker_wait_seconds_bucket{le=\"10\"} 4\n"
              "nullworker_wait_seconds_bucket{le=\"+Inf\"} 5\n"
              "nullworker_wait_seconds_sum 111.5\n"
              "nullworker_wait_seconds_count 5\n");
}

enum class fruit { apple, pear };
const char* to_string(fruit what) {
    return what == fruit::apple ? "apple" : "pear";
}

TEST(metrics, by_what_an_enum_names_have_all_of_it) {
    counts<fruit, 2> eaten;
    eaten.add(fruit::pear);
    eaten.add(fruit::pear);
    const auto text = page_of({"eaten_total", metric::kind::counter, "Eaten", series_by("fruit", eaten)});
    EXPECT_NE(text.find("{fruit=\"apple\"} 0\n"), std::string::npos) << text;
    EXPECT_NE(text.find("{fruit=\"pear\"} 2\n"), std::string::npos) << text;
}

TEST(metrics, tell_what_runs_here) {
    EXPECT_NE(page_of(build_info("nullworkerd"))
                  .find("{program=\"nullworkerd\",version=\"" NULLWORKER_VERSION "\"} 1\n"),
              std::string::npos);
}

}  // namespace
}  // namespace nullworker
