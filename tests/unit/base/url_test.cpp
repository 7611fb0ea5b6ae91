#include <nullworker/base/url.hpp>

#include <gtest/gtest.h>

namespace nullworker {
namespace {

TEST(url, is_taken_apart) {
    struct row {
        const char* text;
        const char* scheme;
        const char* host;
        std::uint16_t port;
        const char* target;
    };
    const row table[] = {
        {"http://example.com", "http", "example.com", 80, "/"},
        {"https://example.com", "https", "example.com", 443, "/"},
        {"https://example.com/", "https", "example.com", 443, "/"},
        {"https://203.0.113.7:40001", "https", "203.0.113.7", 40001, "/"},
        {"http://example.com:8080/a/b?c=d&e", "http", "example.com", 8080, "/a/b?c=d&e"},
        {"http://example.com?c=d", "http", "example.com", 80, "/?c=d"},
        {"http://example.com:/a", "http", "example.com", 80, "/a"},
        {"http://[::1]:3000/x", "http", "::1", 3000, "/x"},
        {"https://[2001:DB8::7]", "https", "2001:db8::7", 443, "/"},
        {"HTTP://Example.COM/Path", "http", "example.com", 80, "/Path"},
        {"http://h/%41%2f", "http", "h", 80, "/%41%2f"},
        {"http://h:65535", "http", "h", 65535, "/"},
    };
    for (const auto& row : table) {
        SCOPED_TRACE(row.text);
        const auto parsed = parse_url(row.text);
        ASSERT_TRUE(parsed.has_value()) << parsed.error().message();
        EXPECT_EQ(parsed->scheme, row.scheme);
        EXPECT_EQ(parsed->host, row.host);
        EXPECT_EQ(parsed->port, row.port);
        EXPECT_EQ(parsed->target, row.target);
    }
}

TEST(url, is_refused_where_it_cannot_be_called) {
    struct row {
        const char* text;
        errc why;
    };
    const row table[] = {
        {"", errc::invalid_url},
        {"example.com", errc::invalid_url},
        {"/path", errc::invalid_url},
        {"//example.com/path", errc::invalid_url},
        {"http://", errc::invalid_url},
        {"http:///path", errc::invalid_url},
        {"http:example.com", errc::invalid_url},
        {"http://user@example.com", errc::invalid_url},
        {"http://user:password@example.com", errc::invalid_url},
        {"http://example.com/#fragment", errc::invalid_url},
        {"http://example.com:0", errc::invalid_url},
        {"http://example.com:65536", errc::invalid_url},
        {"http://example.com:http", errc::invalid_url},
        {"http://example.com:80x/y", errc::invalid_url},
        {"http://[::1", errc::invalid_url},
        {"http://[::1]x/", errc::invalid_url},
        {"http://[v1.x]/", errc::invalid_url},
        {"http://exam ple.com", errc::invalid_url},
        {"http://example.com/a b", errc::invalid_url},
        {"http://example.com/\r\nX: y", errc::invalid_url},
        {"http://exam%0aple.com", errc::invalid_url},
        {"http://example.com%2fpath", errc::invalid_url},
        {"http://203.0.113.7%3a80", errc::invalid_url},
        {"ftp://example.com", errc::unsupported_scheme},
        {"file:///etc/passwd", errc::unsupported_scheme},
    };
    for (const auto& row : table) {
        SCOPED_TRACE(row.text);
        const auto parsed = parse_url(row.text);
        ASSERT_FALSE(parsed.has_value());
        EXPECT_EQ(parsed.error(), row.why);
    }
}

TEST(url, is_written_without_the_port_of_its_scheme) {
    struct row {
        const char* text;
        const char* origin;
        const char* authority;
    };
    const row table[] = {
        {"http://h:80/x", "http://h", "h"},
        {"https://h:443/x", "https://h", "h"},
        {"http://h:443/x", "http://h:443", "h:443"},
        {"https://h:80/x", "https://h:80", "h:80"},
        {"http://[::1]:3000/x", "http://[::1]:3000", "[::1]:3000"},
        {"http://[::1]/x", "http://[::1]", "[::1]"},
    };
    for (const auto& row : table) {
        const auto parsed = parse_url(row.text).value();
        EXPECT_EQ(parsed.origin(), row.origin);
        EXPECT_EQ(parsed.authority(), row.authority);
        EXPECT_EQ(parsed.text(), std::string(row.origin) + "/x");
    }
}

TEST(url, asks_for_tls_with_https_alone) {
    EXPECT_TRUE(parse_url("https://h")->is_tls());
    EXPECT_FALSE(parse_url("http://h:443")->is_tls());
}

TEST(url, has_the_same_origin_where_scheme_host_and_port_agree) {
    struct row {
        const char* a;
        const char* b;
        bool same;
    };
    const row table[] = {
        {"http://h", "http://h", true},
        {"http://h/a", "http://h:80/b?c", true},
        {"https://h", "https://h:443", true},
        {"HTTPS://H", "https://h", true},
        {"http://[::A]:1", "http://[::a]:1", true},
        {"http://h", "https://h", false},
        {"http://h", "http://h:81", false},
        {"http://h", "http://g", false},
        {"http://h:443", "https://h", false},
    };
    for (const auto& row : table) {
        const auto a = parse_url(row.a).value();
        const auto b = parse_url(row.b).value();
        EXPECT_EQ(same_origin(a, b), row.same) << row.a << " and " << row.b;
    }
}

TEST(url_list, keeps_the_order_and_skips_what_is_empty) {
    struct row {
        const char* text;
        std::vector<std::string> urls;
    };
    const row table[] = {
        {"", {}},
        {" , ,\t,", {}},
        {"http://a", {"http://a/"}},
        {"https://b/x,http://a", {"https://b/x", "http://a/"}},
        {" http://a ,\r\n,\thttp://a:81/ ,", {"http://a/", "http://a:81/"}},
    };
    for (const auto& row : table) {
        const auto list = parse_url_list(row.text);
        ASSERT_TRUE(list.has_value()) << row.text;
        std::vector<std::string> texts;
        for (const auto& entry : *list)
            texts.push_back(entry.text());
        EXPECT_EQ(texts, row.urls) << row.text;
    }
}

TEST(url_list, names_the_first_entry_that_is_no_url) {
    struct row {
        const char* text;
        errc why;
        const char* culprit;
    };
    const row table[] = {
        {"run.vast.ai", errc::invalid_url, "run.vast.ai"},
        {"http://a, b c ,ftp://d", errc::invalid_url, "b c"},
        {"http://a,ftp://d", errc::unsupported_scheme, "ftp://d"},
        {"http://a;http://b", errc::invalid_url, "http://a;http://b"},
    };
    for (const auto& row : table) {
        std::string culprit;
        const auto list = parse_url_list(row.text, &culprit);
        ASSERT_FALSE(list.has_value()) << row.text;
        EXPECT_EQ(list.error(), row.why) << row.text;
        EXPECT_EQ(culprit, row.culprit);
        EXPECT_FALSE(parse_url_list(row.text).has_value());
    }
}

TEST(url, resolves_what_leads_elsewhere) {
    struct row {
        const char* reference;
        const char* there;
    };
    const row table[] = {
        {"https://other.example/x?y", "https://other.example/x?y"},
        {"http://other.example:8080", "http://other.example:8080/"},
        {"//other.example/x", "https://other.example/x"},
        {"/x/", "https://run.example:1/x/"},
        {"x", "https://run.example:1/api/x"},
        {"../x", "https://run.example:1/x"},
        {"?y", "https://run.example:1/api/v0?y"},
        {" /x#part ", "https://run.example:1/x"},
    };
    const auto base = parse_url("https://run.example:1/api/v0").value();
    for (const auto& row : table)
        EXPECT_EQ(resolve(base, row.reference).value().text(), row.there) << row.reference;
    for (const char* reference : {"", "#part", "ftp://other.example/", "http://a:b@other.example/", "http://",
                                  "/a b", "/\r\nX: y", "mailto:x"})
        EXPECT_TRUE(resolve(base, reference).has_error()) << reference;
}

TEST(url, takes_a_path_onto_its_own) {
    struct row {
        const char* base;
        const char* path;
        const char* joined;
    };
    const row table[] = {
        {"https://run.example", "/worker_status/", "https://run.example/worker_status/"},
        {"https://run.example/", "/worker_status/", "https://run.example/worker_status/"},
        {"https://run.example/api/v0", "/pubkey/", "https://run.example/api/v0/pubkey/"},
        {"https://run.example/api/v0//", "/pubkey/", "https://run.example/api/v0/pubkey/"},
    };
    for (const auto& row : table)
        EXPECT_EQ(join(parse_url(row.base).value(), row.path).text(), row.joined);
}

TEST(url, an_address_is_the_same_however_it_is_spelt) {
    const auto own = parse_url("http://[2001:DB8::1]:3000").value();
    for (const auto* same : {"http://[2001:db8:0:0:0:0:0:1]:3000", "http://[2001:0db8::0001]:3000/x",
                             "http://[2001:db8::0.0.0.1]:3000"})
        EXPECT_TRUE(same_origin(own, parse_url(same).value())) << same;
    for (const auto* other : {"http://[2001:db8::2]:3000", "http://[2001:db8::1]:3001", "http://[::1]:3000"})
        EXPECT_FALSE(same_origin(own, parse_url(other).value())) << other;
    EXPECT_EQ(own.text(), "http://[2001:db8::1]:3000/");
    EXPECT_EQ(parse_url("http://[::ffff:203.0.113.7]/")->host, "203.0.113.7");
}

TEST(url, a_reference_is_a_url_or_a_path_of_the_server) {
    const auto server = parse_url("http://h:8000/base/").value();
    EXPECT_EQ(target_of("https://other/x?y", server)->text(), "https://other/x?y");
    EXPECT_EQ(target_of("/closed?a=b", server)->text(), "http://h:8000/base/closed?a=b");
    EXPECT_EQ(target_of("/closed", std::nullopt).error(), errc::no_server);
    EXPECT_EQ(target_of("https://other/x", std::nullopt)->text(), "https://other/x");
    for (const auto* wrong : {"/a#b", "/a b", "//[", "ftp://h/"})
        EXPECT_FALSE(target_of(wrong, server)) << wrong;
}

}  // namespace
}  // namespace nullworker
