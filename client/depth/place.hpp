#pragma once

#include <nullworker/base/url.hpp>
#include <nullworker/net/byte_stream.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Where a server is, as the command line says it: by a word, or by `env:NAME`, which is the value of that
// variable. All of these throw startup_error that says what is wrong with the word, and no part of a
// password.
namespace nullworker::client {

// Who we are to the server; both may be empty.
struct credentials {
    std::string user;
    std::string password;
};

struct http_place {
    url base;
    credentials who;
};

struct redis_place {
    net::server_place server;
    credentials who;
    std::int64_t database = 0;
};

// http:// or https://, user and password included. A word of the command line must have no password: there
// every user of the machine can read it.
[[nodiscard]] http_place read_http_place(const std::string& word);

// The same for several with commas between them.
[[nodiscard]] std::vector<http_place> read_http_places(const std::string& word);

// redis:// or rediss://, with user, password and number of the database where there are such.
[[nodiscard]] redis_place read_redis_place(const std::string& word);

// HOST:PORT, or HOST alone for `usual_port`.
[[nodiscard]] net::server_place read_host_and_port(const std::string& word, std::uint16_t usual_port);

// What is meant by such a text; nothing where it is none.
[[nodiscard]] std::optional<net::server_place> parse_host_and_port(const std::string& text,
                                                                   std::uint16_t usual_port);

// A host as it stands before a port: an IPv6 address is in brackets.
[[nodiscard]] std::string bracketed(const std::string& host);

// `host:port`, by which a message names a server.
[[nodiscard]] std::string name_of(const net::server_place& where);

// A name as it stands in a path: everything but letters, digits and -._~ is percent-encoded.
[[nodiscard]] std::string path_segment(std::string_view name);

}  // namespace nullworker::client
