#include <watch/page.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <regex>
#include <string>
#include <string_view>

namespace nullworker::client::watch {
namespace {

// What stands between `begin` and `end` at its last place.
std::string last_between(const std::string& text, std::string_view begin, std::string_view end) {
    const auto from = text.rfind(begin);
    if (from == std::string::npos)
        return "no " + std::string(begin);
    const auto start = from + begin.size();
    return text.substr(start, text.find(end, start) - start);
}

std::string sha256_in_base64(const std::string& text) {
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), sum, &size, EVP_sha256(), nullptr);
    unsigned char base64[EVP_MAX_MD_SIZE * 2];
    const int length = EVP_EncodeBlock(base64, sum, static_cast<int>(size));
    return {base64, base64 + length};
}

std::size_t occurrences(std::string_view text, std::string_view word) {
    std::size_t found = 0;
    for (auto place = text.find(word); place != std::string_view::npos; place = text.find(word, place + 1))
        ++found;
    return found;
}

bool contains(std::string_view text, std::string_view word) {
    return text.find(word) != std::string_view::npos;
}

constexpr const char* data_begin = R"(<script type="application/json" id="document">)";

std::string document_of_report(const std::string& report) {
    return last_between(report, data_begin, "</script>");
}

TEST(watch_page, has_no_mark_left_that_was_to_be_replaced) {
    for (const auto* mark : {"@policy@", "@style@", "@document@", "@script@"}) {
        EXPECT_FALSE(contains(served_page(), mark)) << mark;
        EXPECT_FALSE(contains(static_report("{}"), mark)) << mark;
    }
}

TEST(watch_page, names_nothing_that_would_be_fetched) {
    const auto page = served_page();
    for (const auto* word : {" src=", "@import", "url(", "<iframe", "<form", "<base"})
        EXPECT_FALSE(contains(page, word)) << word;
    EXPECT_EQ(occurrences(page, "href="), 2U);  // the icon, which stands in the page, and a place in it
    EXPECT_EQ(occurrences(page, "href=\"#"), 1U);
    EXPECT_EQ(occurrences(page, "href=\"data:"), 1U);
}

TEST(watch_page, has_no_handler_and_no_style_in_an_attribute_which_the_policy_would_refuse) {
    const auto page = served_page();
    const auto body = page.substr(page.find("<body>"), page.find("<script") - page.find("<body>"));
    EXPECT_FALSE(contains(body, " style="));
    EXPECT_FALSE(std::regex_search(body, std::regex(" on[a-z]+=")));
}

TEST(watch_page, assigns_texts_and_never_html) {
    const auto page = served_page();
    for (const auto* word : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("})
        EXPECT_FALSE(contains(page, word)) << word;
}

TEST(watch_page, is_served_with_a_policy_that_allows_its_script_and_its_style_by_hash) {
    const auto page = served_page();
    const auto policy = served_page_policy();
    EXPECT_TRUE(policy.starts_with("default-src 'none'; "));
    EXPECT_TRUE(contains(policy, "script-src 'sha256-" +
                                     sha256_in_base64(last_between(page, "<script>", "</script>")) + "';"));
    EXPECT_TRUE(contains(
        policy, "style-src 'sha256-" + sha256_in_base64(last_between(page, "<style>", "</style>")) + "';"));
    EXPECT_TRUE(contains(policy, "connect-src 'self'"));
    EXPECT_TRUE(contains(policy, "frame-ancestors 'none'"));
    EXPECT_FALSE(contains(policy, "unsafe"));
}

TEST(watch_page, carries_no_document_when_it_is_served) {
    EXPECT_EQ(document_of_report(served_page()), "");
}

TEST(watch_page, of_a_report_has_its_policy_in_it_which_allows_no_request) {
    const auto report = static_report("{}");
    const auto policy = last_between(report, R"(<meta http-equiv="Content-Security-Policy" content=")", "\"");
    EXPECT_TRUE(policy.starts_with("default-src 'none'; "));
    EXPECT_TRUE(contains(policy, sha256_in_base64(last_between(report, "<script>", "</script>"))));
    EXPECT_FALSE(contains(policy, "connect-src"));
    EXPECT_FALSE(contains(policy, "frame-ancestors"));  // means nothing there, and browsers complain of it
    EXPECT_LT(report.find("Content-Security-Policy"), report.find("<style>"));
}

TEST(watch_page, of_a_report_carries_the_document_as_it_was) {
    const nlohmann::json document = {{"title", "a > b, \"c\" & d"}, {"at", 1767200000.25}};
    EXPECT_EQ(nlohmann::json::parse(document_of_report(static_report(document.dump()))), document);
}

TEST(watch_page, of_a_report_lets_no_text_of_a_worker_end_the_data) {
    const std::string hostile = "</script><img src=x onerror=alert(1)><!--<script>--> \u2028\u2029 @script@";
    const nlohmann::json document = {{"reason", hostile}};
    const auto report = static_report(document.dump());
    EXPECT_EQ(nlohmann::json::parse(document_of_report(report)), document);
    EXPECT_FALSE(contains(report, "<img"));
    EXPECT_FALSE(contains(document_of_report(report), "<"));
    EXPECT_FALSE(contains(document_of_report(report), ">"));
    EXPECT_FALSE(contains(document_of_report(report), "\u2028"));
    EXPECT_EQ(occurrences(report, "</script>"), occurrences(static_report("{}"), "</script>"));
    EXPECT_TRUE(contains(document_of_report(report), "@script@"));
}

}  // namespace
}  // namespace nullworker::client::watch
