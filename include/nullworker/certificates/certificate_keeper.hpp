#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>
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
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
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
// `….set-aside`. A key that is good stays. A pair that is renewed on disk is taken up, also while the signer
// is out of reach, and one whose day has not come when it comes. One that has expired is certified anew.
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

    // The pair that is on disk.
    struct pair_on_disk {
        stamps found;
        net::tls_context made;                                                       // null: of no use
        std::string fault = {};                                                      // why
        std::optional<std::chrono::system_clock::time_point> begins = std::nullopt;  // of use from then on
    };

    // `unreadable`: it cannot be told what is there.
    enum class key_file : std::uint8_t { good, absent, no_key, unreadable };
    struct key_on_disk {
        key_file state{};
        private_key key;  // of a good one
    };

    struct signature {
        std::string certificate = {};
        trouble failure = trouble::none();  // why there is no certificate
    };

    // A disk that is hung is given up after a while.
    template <class T>
    asio::awaitable<result<T>> on_disk(std::function<T()> job);
    [[nodiscard]] static stamps stamps_of(const certificate_settings& settings);
    [[nodiscard]] static pair_on_disk examine(const certificate_settings& settings);
    [[nodiscard]] static key_on_disk read_key(const std::string& file);
    asio::awaitable<result<stamps>> stamps_on_disk();
    bool take(pair_on_disk pair);
    asio::awaitable<bool> take_pair_from_disk();
    asio::awaitable<void> take_renewed_pair();
    asio::awaitable<void> obtain();
    asio::awaitable<void> pause_for(std::chrono::steady_clock::duration span);
    [[nodiscard]] bool has_day_begun() const;
    asio::awaitable<trouble> try_once();
    asio::awaitable<trouble> provide_key();
    asio::awaitable<signature> certify();
    asio::awaitable<void> keep(std::string file, std::string text, std::filesystem::perms mode);
    void put_to_use(net::tls_context made);

    certificate_settings x_settings;
    events x_on;
    net::http_client x_client;
    net::tls_context x_current;                                     // null: none yet
    private_key x_key;                                              // to be certified; null: not known yet
    stamps x_taken{};                                               // as they were when x_current was loaded
    std::optional<stamps> x_refused;                                // what was complained of last
    std::optional<std::chrono::system_clock::time_point> x_begins;  // the day of the pair that was refused
    side_thread x_thread;  // for what takes its time: to look at a disk, to make a key
};

}  // namespace nullworker::certificates
