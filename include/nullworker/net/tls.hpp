#pragma once

#include <nullworker/base/error.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace nullworker::net {

// A certificate chain and its key, both PEM.
struct tls_pair {
    std::string certificate;
    std::string key;
};

// TLS 1.2 and up for a listener.
using tls_context = std::shared_ptr<boost::asio::ssl::context>;

// A certificate whose day has not come.
class not_valid_yet : public startup_error {
public:
    not_valid_yet(const std::string& message, std::chrono::system_clock::time_point begins)
        : startup_error(message), x_begins(begins) {}

    [[nodiscard]] std::chrono::system_clock::time_point begins() const noexcept { return x_begins; }

private:
    std::chrono::system_clock::time_point x_begins;
};

// Loads a certificate chain and its key, both PEM. Throws startup_error that names the file when one is
// unreadable or malformed, when the key does not belong to the certificate, or when the certificate's dates
// exclude today: where it is a pair for later, not_valid_yet.
[[nodiscard]] tls_context load_server_tls(const std::string& certificate_file, const std::string& key_file);

// Loads a chain and its key from the texts themselves, which an error calls by the names given. Throws as
// `load_server_tls`.
[[nodiscard]] tls_context make_server_tls(const tls_pair& pair, const std::string& certificate_name,
                                          const std::string& key_name);

// Whether the certificate that `server` shows is out of date.
[[nodiscard]] bool has_expired(const tls_context& server);

// What keeps those who connect to `host`, an address or a name, from trusting the certificate that `server`
// shows: it is for somebody else, or nobody vouches for it. Empty where neither can be seen from here.
[[nodiscard]] std::string reason_for_distrust(const tls_context& server, const std::string& host);

// Whether the certificate that `server` shows is for `host`, an address or a name.
[[nodiscard]] bool is_for(const tls_context& server, const std::string& host);

// When that certificate ends.
[[nodiscard]] std::chrono::system_clock::time_point end_of(const tls_context& server);

// Why somebody who believes what `client` does would not trust those who vouch for that certificate, whoever
// it is for, with the chain that is shown beside it; empty: he would.
[[nodiscard]] std::string chain_fault(const tls_context& server, const tls_context& client);

// The CA bundle of this system, or the one that SSL_CERT_FILE names; empty where none is found.
[[nodiscard]] std::string ca_bundle_file();

// What a client believes: the system's CA certificates, or those of SSL_CERT_FILE, and `extra_roots` (PEM,
// may be empty). Peers are verified against it, name included; there is no way to turn that off.
// The CA certificates are read when the first TLS connection is made.
class tls_trust {
public:
    explicit tls_trust(std::string extra_roots = {});

    // Fails with no_trusted_roots, or OpenSSL's error for malformed extra roots. Cached.
    [[nodiscard]] result<tls_context> context();

private:
    std::string x_extra_roots;
    tls_context x_context;
};

}  // namespace nullworker::net
