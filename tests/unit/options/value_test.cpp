#include <nullworker/options/option.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>

namespace nullworker::options {
namespace {

enum class strength { low, high };

// Why `text` is not taken; "taken" if it is.
std::string outcome_of(const option& row, const std::string& text) {
    const auto wrong = assign(row, text);
    return wrong ? wrong->why : "taken";
}

TEST(option_value, a_text_is_taken_as_it_stands) {
    std::string value = "before";
    const option row{.target = &value};
    EXPECT_EQ(value_name(row), "TEXT");
    EXPECT_EQ(shown(row), "before");
    EXPECT_EQ(outcome_of(row, " a b "), "taken");
    EXPECT_EQ(value, " a b ");
    EXPECT_EQ(outcome_of(row, ""), "taken");
    EXPECT_EQ(shown(row), "");
}

TEST(option_value, control_characters_are_refused_where_none_can_be_meant) {
    std::string value = "before";
    const option row{.target = &value};
    for (const std::string text : {"a\x1b[2J", "\x07", "a\x7f"})
        EXPECT_EQ(outcome_of(row, text), text + " has a control character in it");
    const option path{.target = &value, .kind = value_kind::file};
    for (const std::string text : {"/a\nb", "/a\r\nX-Evil: 1", "/a\tb", "/a\x1b[2J"})
        EXPECT_EQ(outcome_of(path, text), text + " has a control character in it");
    EXPECT_EQ(value, "before");
    EXPECT_EQ(outcome_of(row, "if true\n\tthen exit 1\r\nfi"), "taken");
    EXPECT_EQ(outcome_of(row, "http://me:pw@x\a"), "http://x\a has a control character in it");
    const option probe{.target = &value,
                       .without_secrets = [](std::string_view) { return std::string("…"); }};
    EXPECT_EQ(outcome_of(probe, "exec:pw\a"), "… has a control character in it");
    const option secret{.target = &value, .secret = true};
    EXPECT_EQ(outcome_of(secret, "a\x1b"), "taken") << "who uses it must know, and say no more of it";
}

TEST(option_value, a_whole_number_must_fit_its_target) {
    std::uint16_t port = 7;
    const option row{.target = &port};
    EXPECT_EQ(value_name(row), "UINT");
    for (const auto* text : {"", "x", "1x", "1.5", "-1", "65536", "99999999999999999999", "nan"})
        EXPECT_EQ(outcome_of(row, text),
                  std::string(*text ? text : "an empty value") + " is not in the range 0 to 65535");
    EXPECT_EQ(port, 7);
    EXPECT_EQ(outcome_of(row, "65535"), "taken");
    EXPECT_EQ(port, 65535);
}

TEST(option_value, a_zero_in_front_makes_no_number_octal) {
    int port = 7;
    const option row{.target = &port};
    for (const auto& [text, meant] :
         {std::pair{"03000", 3000}, {"089", 89}, {"-012", -12}, {"000", 0}, {"0x10", 16}}) {
        EXPECT_EQ(outcome_of(row, text), "taken");
        EXPECT_EQ(port, meant);
    }
}

TEST(option_value, a_number_out_of_bounds_is_refused_with_the_bounds) {
    int count = 3;
    const option row{.target = &count, .least = 1, .most = 1000};
    EXPECT_EQ(value_name(row), "INT");
    for (const auto* text : {"0", "1001", "x", "1.5", "99999999999999999999"})
        EXPECT_EQ(outcome_of(row, text), std::string(text) + " is not in the range 1 to 1000");
    EXPECT_EQ(count, 3);
    EXPECT_EQ(outcome_of(row, "1000"), "taken");
    EXPECT_EQ(outcome_of(row, "1"), "taken");
    EXPECT_EQ(count, 1);
}

TEST(option_value, without_an_upper_bound_the_type_is_the_bound) {
    std::optional<std::int64_t> id;
    const option row{.target = &id, .least = 0};
    EXPECT_EQ(shown(row), "");
    EXPECT_EQ(outcome_of(row, "-1"), "-1 is not in the range 0 to 9223372036854775807");
    EXPECT_FALSE(id);
    EXPECT_EQ(outcome_of(row, "9223372036854775807"), "taken");
    EXPECT_EQ(id, std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(shown(row), "9223372036854775807");
}

TEST(option_value, a_number_is_finite) {
    double free = 1;
    double bounded = 1;
    for (const auto* text : {"nan", "-nan", "inf", "-inf", "1e400"}) {
        EXPECT_EQ(outcome_of({.target = &free}, text), std::string(text) + " is no number");
        EXPECT_EQ(outcome_of({.target = &bounded, .least = 0.001, .most = 1e9}, text),
                  std::string(text) + " is not in the range 0.001 to 1e+09");
    }
    EXPECT_EQ(free, 1);
    EXPECT_EQ(bounded, 1);
}

TEST(option_value, what_is_shown_is_read_as_the_same_number) {
    double value = 0;
    const option row{.target = &value};
    for (const double wanted : {0.0, 0.1, 1.0 / 3.0, 100.0, 86400.123456789, 1e5, 1e8, 1e300, 5e-324, -2.5}) {
        value = wanted;
        const auto text = shown(row);
        value = 7;
        EXPECT_EQ(outcome_of(row, text), "taken") << text;
        EXPECT_EQ(value, wanted) << text;
    }
    value = 100000;
    EXPECT_EQ(shown(row), "100000");
}

TEST(option_value, seconds_are_a_number_with_a_unit) {
    seconds span{2.5};
    const option row{.target = &span, .least = 0, .most = 60};
    EXPECT_EQ(value_name(row), "SECONDS");
    EXPECT_EQ(shown(row), "2.5");
    EXPECT_EQ(outcome_of(row, "61"), "61 is not in the range 0 to 60");
    EXPECT_EQ(span.count(), 2.5);
    EXPECT_EQ(outcome_of(row, "60"), "taken");
    EXPECT_EQ(span.count(), 60);
}

TEST(option_value, seconds_can_be_left_out) {
    std::optional<seconds> span;
    const option row{.target = &span, .least = 0.5, .most = 60};
    EXPECT_EQ(value_name(row), "SECONDS");
    EXPECT_EQ(shown(row), "");
    EXPECT_EQ(outcome_of(row, "nan"), "nan is not in the range 0.5 to 60");
    EXPECT_FALSE(span);
    EXPECT_EQ(outcome_of(row, "2.5"), "taken");
    EXPECT_EQ(span, seconds(2.5));
    EXPECT_EQ(shown(row), "2.5");
    EXPECT_EQ(outcome_of(row, "0"), "0 is not in the range 0.5 to 60");
    EXPECT_EQ(span, seconds(2.5));
}

TEST(option_value, a_switch_takes_the_usual_words) {
    bool on = false;
    const option row{.target = &on};
    EXPECT_EQ(value_name(row), "");
    for (const auto* text : {"true", "TRUE", "on", "yes", "enable", "1", "2", "t", "y", "+"}) {
        on = false;
        EXPECT_EQ(outcome_of(row, text), "taken");
        EXPECT_TRUE(on) << text;
        EXPECT_EQ(shown(row), "true");
    }
    for (const auto* text : {"false", "Off", "no", "disable", "0", "f", "n", "-"}) {
        on = true;
        EXPECT_EQ(outcome_of(row, text), "taken");
        EXPECT_FALSE(on) << text;
        EXPECT_EQ(shown(row), "false");
    }
    EXPECT_EQ(outcome_of(row, "maybe"), "maybe is neither true nor false");
    EXPECT_EQ(outcome_of(row, ""), "an empty value is neither true nor false");
}

TEST(option_value, an_enum_takes_its_words_and_an_error_names_them) {
    strength level = strength::low;
    const option row{.target = one_of(level, {{"low", strength::low}, {"high", strength::high}})};
    EXPECT_EQ(value_name(row), "low|high");
    EXPECT_EQ(choices(row), (std::vector<std::string>{"low", "high"}));
    EXPECT_EQ(outcome_of(row, "tepid"), "tepid is none of low, high");
    EXPECT_EQ(outcome_of(row, "1"), "1 is none of low, high");
    EXPECT_EQ(shown(row), "low");
    EXPECT_EQ(outcome_of(row, "high"), "taken");
    EXPECT_EQ(level, strength::high);
    EXPECT_EQ(shown(row), "high");
}

TEST(option_value, a_switch_can_choose_between_two_meanings) {
    strength level = strength::low;
    const option row{.target = between(level, strength::low, strength::high)};
    EXPECT_TRUE(is_switch(row));
    EXPECT_EQ(shown(row), "false");
    EXPECT_EQ(outcome_of(row, "maybe"), "maybe is neither true nor false");
    EXPECT_EQ(level, strength::low);
    EXPECT_EQ(outcome_of(row, "true"), "taken");
    EXPECT_EQ(level, strength::high);
    EXPECT_EQ(shown(row), "true");
    EXPECT_EQ(outcome_of(row, "off"), "taken");
    EXPECT_EQ(level, strength::low);
}

TEST(option_value, a_text_can_be_one_of_some_words) {
    std::string level;
    const option row{.target = one_of(level, {"low", "high"})};
    EXPECT_EQ(value_name(row), "low|high");
    EXPECT_EQ(choices(row), (std::vector<std::string>{"low", "high"}));
    EXPECT_EQ(shown(row), "");
    EXPECT_EQ(outcome_of(row, "tepid"), "tepid is none of low, high");
    EXPECT_EQ(level, "");
    EXPECT_EQ(outcome_of(row, "high"), "taken");
    EXPECT_EQ(level, "high");
    EXPECT_EQ(shown(row), "high");
}

TEST(option_value, no_default_is_shown_of_what_must_be_passed_and_of_a_switch) {
    int count = 0;
    bool on = false;
    EXPECT_EQ(shown_default({.target = &count}), "0");
    EXPECT_EQ(shown_default({.target = &count, .must_be_passed = true}), "");
    EXPECT_EQ(shown_default({.target = &on}), "");
}

TEST(option_value, a_row_can_refuse_more) {
    std::string value = "before";
    const option row{.target = &value, .refuse = [](const std::string& text) {
                         return text == "bad" ? std::optional(text + " is bad") : std::nullopt;
                     }};
    EXPECT_EQ(outcome_of(row, "bad"), "bad is bad");
    EXPECT_EQ(value, "before");
    EXPECT_EQ(outcome_of(row, "good"), "taken");
}

TEST(option_value, a_file_and_a_directory_are_called_so) {
    std::string value;
    EXPECT_EQ(value_name({.target = &value, .kind = value_kind::file}), "FILE");
    EXPECT_EQ(value_name({.target = &value, .kind = value_kind::directory}), "DIR");
    EXPECT_EQ(value_name({.target = &value, .value_name = "PROBE"}), "PROBE");
}

}  // namespace
}  // namespace nullworker::options
