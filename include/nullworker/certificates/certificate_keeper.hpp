#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/file.hpp>
#include <nullworker/base/side_thread.hpp>
#include <nullworker/base/trouble.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/certificates/x509.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/net/tls.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace nullworker::certificates {

struct certificate_settings {
    std::string certificate_file;
    std::string key_file;
    std::string host;  // as clients address this worker
    url signer;        // what certifies the key by a POST: the console's sign_cert for this instance
    bool self_signed;  // the key certifies itself, and nobody is asked
    std::chrono::steady_clock::duration check_interval = std::chrono::seconds(10);  // for a renewed pair
    std::chrono::steady_clock::duration first_pause = std::chrono::seconds(1);  // after a failure; doubles
};

// Sees to it that a TLS listener has a certificate. Where there is no valid pair, it makes a key, has it
// certified with backoff, for ever, and keeps both in their files; what lay there is renamed to
// `….set-aside`. A key that is good stays. A pair that is renewed on disk is taken up, and one that has
// expired is certified anew.
class certificate_keeper {
public:
    struct events {
        std::function<void(net::tls_context)> on_certificate;  // the first one, and each that follows
        std::function<void(std::string)> on_trouble;           // the fifth try failed, and each later one
    };

    certificate_keeper(asio::any_io_executor executor, net::way_out out, certificate_settings settings,
                       events on);

    // Takes the pair that is on disk; false, and the reason in the log, where it is not valid.
    bool load();

    // Provides certificates until cancelled.
    [[nodiscard]] asio::awaitable<void> run();

private:
    using stamps = std::array<file_stamp, 2>;  // of certificate and key

    struct signature {
        std::string certificate = {};
        trouble failure = trouble::none();  // why there is no certificate
    };

    [[nodiscard]] stamps stamps_on_disk() const;
    [[nodiscard]] trouble take_pair_from_disk();
    void take_renewed_pair();
    asio::awaitable<void> obtain();
    asio::awaitable<trouble> try_once();
    asio::awaitable<signature> certify(private_key key);
    [[nodiscard]] private_key find_key();
    void keep_key(private_key made);
    void write_in_place_of(const std::string& file, const std::string& text, std::filesystem::perms mode);
    void put_to_use(net::tls_context made);

    certificate_settings x_settings;
    events x_on;
    net::http_client x_client;
    net::tls_context x_current;  // null: none yet
    private_key x_key;           // made here
    stamps x_taken{};            // as they were when x_current was loaded
    stamps x_refused{};          // what was complained of last
    bool x_unreadable = false;   // it cannot be told what the file of the key holds
    side_thread x_thread;        // for what takes its time: to look at a disk, to make a key
};

}  // namespace nullworker::certificates
