#include <nullworker/api/metrics.hpp>

#include <gtest/gtest.h>

namespace nullworker::api {
namespace {

TEST(metrics, a_reason_is_a_label_that_cannot_break_the_line) {
    const std::vector<metric> one = {
        {"failing", metric::kind::gauge, "Whether", 1.0, "say \"no\"\n\\ twice"}};
    EXPECT_EQ(to_text(one),
              "# HELP nullworker_failing Whether\n# TYPE nullworker_failing gauge\n"
              "nullworker_failing{reason=\"say \\\"no\\\"\\\\n\\\\\\\\ twice\"} 1\n");
}

TEST(metrics, a_reason_of_any_length_is_cut) {
    const std::vector<metric> one = {
        {"failing", metric::kind::gauge, "Whether", 1.0, std::string(5000, 'x')}};
    EXPECT_LT(to_text(one).size(), 400u);
}

}  // namespace
}  // namespace nullworker::api
