#pragma once

#include "support/temporary_directory.hpp"

#include <string>

namespace nullworker::test {

enum class certificate_dates { current, expired, not_yet_valid, valid_in_a_second };
enum class certificate_key { matching, mismatched };

struct certificate_options {
    std::string address = "127.0.0.1";  // an IP address or a host name
    certificate_dates dates = certificate_dates::current;
    certificate_key key = certificate_key::matching;
};

// A self-signed certificate and its key, both PEM, in files that live as long as the object. Its text is also
// what a client must have among its extra roots to trust it.
class test_certificate {
public:
    explicit test_certificate(const certificate_options& options = {});

    [[nodiscard]] std::string certificate_file() const { return x_directory.file("certificate.pem"); }
    [[nodiscard]] std::string key_file() const { return x_directory.file("key.pem"); }
    [[nodiscard]] const std::string& pem() const noexcept { return x_pem; }

private:
    temporary_directory x_directory;
    std::string x_pem;
};

}  // namespace nullworker::test
