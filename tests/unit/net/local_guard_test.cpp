#include <nullworker/net/local_guard.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace nullworker::net {
namespace {

request sent_by(verb method, std::vector<header> headers) {
    return {.method = method, .headers = std::move(headers), .from_loopback = true};
}

// Why a request from this machine to localhost with one more header is refused; empty where it is not.
std::string refusal(verb method, const header& more) {
    return why_not_local(sent_by(method, {{"Host", "localhost:18999"}, more})).value_or("");
}

TEST(local_guard, lets_programs_of_this_machine_read_and_change) {
    for (const verb method : {verb::get, verb::post, verb::other})
        EXPECT_EQ(refusal(method, {"User-Agent", "curl/8"}), "");
}

TEST(local_guard, lets_nobody_else_do_anything) {
    auto from_elsewhere = sent_by(verb::get, {{"Host", "localhost"}});
    from_elsewhere.from_loopback = false;
    EXPECT_TRUE(why_not_local(from_elsewhere));
}

TEST(local_guard, asks_for_no_host_on_a_unix_socket) {
    for (const verb method : {verb::get, verb::post})
        for (const auto& headers : {std::vector<header>(), {{"Host", ""}}, {{"Host", "unix"}}}) {
            auto sent = sent_by(method, headers);
            EXPECT_TRUE(why_not_local(sent));
            sent.from_unix_socket = true;
            EXPECT_EQ(why_not_local(sent), std::nullopt);
            sent.authority = "unix";
            EXPECT_EQ(why_not_local(sent), std::nullopt);
            sent.headers.emplace_back("Origin", "http://evil.example");
            EXPECT_TRUE(why_not_local(sent));
        }
}

TEST(local_guard, refuses_to_change_anything_for_what_browsers_and_proxies_send) {
    const std::vector<std::string> names = {"Origin",
                                            "Forwarded",
                                            "X-Forwarded-For",
                                            "X-Forwarded-Host",
                                            "X-Forwarded-Proto",
                                            "x-forwarded-",
                                            "Via",
                                            "X-Real-IP",
                                            "x-real-ip",
                                            "X-Client-IP",
                                            "X-Cluster-Client-IP",
                                            "CF-Connecting-IP",
                                            "True-Client-IP"};
    for (const auto& name : names)
        for (const char* value : {"", "127.0.0.1", "1.1 localhost"})
            EXPECT_NE(refusal(verb::post, {name, value}), "") << name;
    EXPECT_NE(refusal(verb::post, {"via", "1.1 a"}).find("Via"), std::string::npos);
    EXPECT_NE(refusal(verb::post, {"X-Forwarded-Port", "1"}).find("X-Forwarded-Port"), std::string::npos);
    EXPECT_EQ(refusal(verb::post, {"X-Forward", "1"}), "");
}

TEST(local_guard, refuses_to_change_anything_for_a_page_that_is_elsewhere) {
    struct row {
        const char* name;
        const char* value;
        bool is_taken;
    };
    const row table[] = {
        {"Referer", "http://localhost/", true},
        {"Referer", "http://127.0.0.1:18999/status?x", true},
        {"Referer", "https://[::1]:8080", true},
        {"Referer", "http://evil.example/", false},
        {"Referer", "https://localhost.evil.example/", false},
        {"Referer", "http://localhost@evil.example/", false},
        {"Referer", "http://evil.example/#http://localhost/", false},
        {"Referer", "http://%6cocalhost/", false},
        {"Referer", "about:blank", false},
        {"Referer", "file:///tmp/page.html", false},
        {"Referer", "/page", false},
        {"Referer", "", false},
        {"Sec-Fetch-Site", "none", true},
        {"Sec-Fetch-Site", "same-origin", true},
        {"Sec-Fetch-Site", "same-site", false},
        {"Sec-Fetch-Site", "cross-site", false},
        {"Sec-Fetch-Site", "", false},
    };
    for (const auto& row : table) {
        const auto reason = refusal(verb::post, {row.name, row.value});
        EXPECT_EQ(reason.empty(), row.is_taken) << row.name << ": " << row.value;
        EXPECT_EQ(reason.find(row.name) == std::string::npos, row.is_taken) << reason;
    }
}

TEST(local_guard, takes_every_verb_but_get_for_a_change) {
    for (const verb method : {verb::put, verb::other})
        EXPECT_NE(refusal(method, {"Sec-Fetch-Site", "cross-site"}), "");
}

TEST(local_guard, lets_no_page_read_where_everybody_is_judged) {
    const auto refused = [](std::vector<header> headers) {
        return why_not_local(sent_by(verb::get, std::move(headers)), judged::everybody).value_or("");
    };
    EXPECT_EQ(refused({{"Host", "127.0.0.1:8080"}}), "");
    EXPECT_EQ(refused({{"Host", "127.0.0.1:8080"}, {"Sec-Fetch-Site", "none"}}), "");  // typed by a person
    EXPECT_EQ(refused({{"Host", "127.0.0.1:8080"},
                       {"Sec-Fetch-Site", "same-origin"},
                       {"Referer", "http://127.0.0.1:8080/"}}),
              "");
    EXPECT_NE(refused({{"Host", "rebound.example:8080"}}).find("Host"), std::string::npos);
    for (const char* site : {"same-site", "cross-site", ""})
        EXPECT_NE(refused({{"Host", "127.0.0.1"}, {"Sec-Fetch-Site", site}}).find("Sec-Fetch-Site"),
                  std::string::npos);
    for (const char* name : {"Origin", "Referer", "Via", "X-Forwarded-Proto"})
        EXPECT_NE(refused({{"Host", "127.0.0.1"}, {name, "http://evil.example"}}).find(name),
                  std::string::npos);
    auto plain = sent_by(verb::get, {});
    plain.version = protocol_version::http_1_0;
    EXPECT_TRUE(why_not_local(plain, judged::everybody));  // it names no host
}

TEST(local_guard, looks_at_every_header_of_a_name) {
    const auto twice = sent_by(
        verb::post,
        {{"Host", "localhost"}, {"Referer", "http://localhost/"}, {"Referer", "http://evil.example/"}});
    EXPECT_TRUE(why_not_local(twice));
}

TEST(local_guard, lets_others_read_unless_they_announce_themselves_plainly) {
    for (const char* name : {"Origin", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host"})
        EXPECT_NE(refusal(verb::get, {name, "x"}), "") << name;
    for (const char* name : {"Referer", "Sec-Fetch-Site", "Via", "X-Real-IP", "X-Forwarded-Proto"})
        EXPECT_EQ(refusal(verb::get, {name, "x"}), "") << name;
}

TEST(local_guard, takes_no_host_but_localhost_and_loopback_addresses_as_they_are_spelt) {
    struct row {
        const char* host;
        bool is_taken;
    };
    const row table[] = {
        {"localhost", true},
        {"LOCALHOST:1", true},
        {"127.9.9.9", true},
        {"[::1]:18999", true},
        {"evil.example", false},
        {"%6cocalhost", false},
        {"localhos%74", false},
        {"127.0.0.%31", false},
        {"10.0.0.1", false},
        {"a@localhost", false},
        {"localhost/", false},
        {"[::1%25lo]", false},
        {"", false},
    };
    for (const auto& row : table)
        for (const verb method : {verb::get, verb::post}) {
            auto by_header = sent_by(method, {{"Host", row.host}});
            EXPECT_EQ(!why_not_local(by_header), row.is_taken) << row.host;
            if (*row.host == '\0')
                continue;
            auto by_target = sent_by(method, {{"Host", "localhost"}});
            by_target.authority = row.host;
            EXPECT_EQ(!why_not_local(by_target), row.is_taken) << row.host;
        }
}

TEST(local_guard, lets_http_1_0_read_with_a_host_or_without_but_change_nothing) {
    const auto plain = [](verb method, std::vector<header> headers) {
        auto made = sent_by(method, std::move(headers));
        made.version = protocol_version::http_1_0;
        return why_not_local(made).value_or("");
    };
    EXPECT_EQ(plain(verb::get, {}), "");
    EXPECT_EQ(plain(verb::get, {{"Host", "localhost"}}), "");
    EXPECT_NE(plain(verb::get, {{"Host", "evil.example"}}), "");
    EXPECT_NE(plain(verb::get, {{"Host", ""}}), "");
    EXPECT_NE(plain(verb::post, {{"Host", "localhost"}}).find("HTTP/1.1"), std::string::npos);
    EXPECT_NE(plain(verb::post, {}), "");
}

}  // namespace
}  // namespace nullworker::net
