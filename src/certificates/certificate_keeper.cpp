#include <nullworker/base/backoff.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/certificates/certificate_keeper.hpp>
#include <nullworker/certificates/signing_request.hpp>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <utility>

namespace nullworker::certificates {
namespace {

using namespace std::chrono_literals;

constexpr int quiet_tries = 5;
constexpr auto longest_pause = 60s;
constexpr auto patience_with_disk = 5s;
constexpr std::size_t max_file_bytes = 64 * 1024;

constexpr auto owner_reads = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;
constexpr auto everybody_reads =
    owner_reads | std::filesystem::perms::group_read | std::filesystem::perms::others_read;

// Where what is of no use went, and whether the new text is in its place.
struct replacement {
    std::string set_aside;  // the new name; empty: nothing was moved
    error_code failure;
};

// Moves what is of no use out of the way, and tells where to; an empty file holds nothing worth keeping.
std::string set_aside(const std::string& file) {
    std::error_code ec;
    if (!std::filesystem::exists(std::filesystem::symlink_status(file, ec)))
        return {};
    if (std::filesystem::is_regular_file(file, ec) && std::filesystem::file_size(file, ec) == 0) {
        std::filesystem::remove(file, ec);
        return {};
    }
    std::string kept_as = file + ".set-aside";
    for (int number = 2; std::filesystem::exists(std::filesystem::symlink_status(kept_as, ec)); ++number)
        kept_as = file + ".set-aside-" + std::to_string(number);
    std::filesystem::rename(file, kept_as, ec);
    return ec ? std::string() : kept_as;
}

replacement write_in_place_of(const std::string& file, const std::string& text, std::filesystem::perms mode) {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path(), ignored);
    replacement out{.set_aside = set_aside(file)};
    out.failure = replace_file(file, text, durability::process);
    std::filesystem::permissions(file, mode, ignored);
    return out;
}

// Whether a file that cannot be read for this reason is none: there is nothing, or a folder, or a pipe.
bool says_no_file(const error_code& ec) {
    namespace errc = boost::system::errc;
    return ec == errc::no_such_file_or_directory || ec == errc::not_a_directory ||
           ec == errc::is_a_directory || ec == errc::invalid_argument;
}

}  // namespace

certificate_keeper::certificate_keeper(asio::any_io_executor executor, net::way_out out,
                                       certificate_settings settings, events on)
    : x_settings(std::move(settings)),
      x_on(std::move(on)),
      x_client(executor, std::move(out)),
      x_thread(std::move(executor)) {}

certificate_keeper::stamps certificate_keeper::stamps_of(const certificate_settings& settings) {
    return {stamp_of(settings.certificate_file), stamp_of(settings.key_file)};
}

certificate_keeper::pair_on_disk certificate_keeper::examine(const certificate_settings& settings) {
    pair_on_disk out{.found = stamps_of(settings)};
    try {
        out.made = net::load_server_tls(settings.certificate_file, settings.key_file);
    } catch (const net::not_valid_yet& e) {
        out.fault = e.what();
        out.begins = e.begins();
    } catch (const startup_error& e) {
        out.fault = e.what();
    }
    return out;
}

template <class T>
asio::awaitable<result<T>> certificate_keeper::on_disk(std::function<T()> job) {
    auto work = x_thread.call(std::move(job));
    co_return co_await within(patience_with_disk, std::move(work));
}

// Whether it is of use, and served from now on.
bool certificate_keeper::take(pair_on_disk pair) {
    x_begins = pair.begins;
    const bool is_known = x_refused == pair.found;
    if (pair.made) {
        x_taken = pair.found;
        put_to_use(std::move(pair.made));
        return true;
    }
    x_refused = pair.found;
    const auto unless_known = [&](log::level wanted) { return is_known ? log::level::debug : wanted; };
    if (x_current)
        log::write(unless_known(log::level::warning), "certificate_not_renewed",
                   {{"error", pair.fault}, {"effect", "the old one stays in use"}});
    else
        log::write(unless_known(log::level::info), "no_valid_certificate", {{"reason", pair.fault}});
    return false;
}

bool certificate_keeper::load() {
    return take(examine(x_settings));
}

asio::awaitable<result<certificate_keeper::stamps>> certificate_keeper::stamps_on_disk() {
    std::function<stamps()> look = [settings = x_settings] { return stamps_of(settings); };
    co_return co_await on_disk(std::move(look));
}

asio::awaitable<bool> certificate_keeper::take_pair_from_disk() {
    std::function<pair_on_disk()> look = [settings = x_settings] { return examine(settings); };
    auto found = co_await on_disk(std::move(look));
    co_return found&& take(std::move(*found));
}

asio::awaitable<void> certificate_keeper::run() {
    for (;;) {
        if (!x_current || net::has_expired(x_current))
            co_await obtain();
        co_await pause_for(x_settings.check_interval);
        co_await take_renewed_pair();
    }
}

// A renewed pair replaces the old one for the connections to come. Half a pair, a bad one, or one whose time
// has not come, changes nothing, and is tried again.
asio::awaitable<void> certificate_keeper::take_renewed_pair() {
    const auto found = co_await stamps_on_disk();
    if (found && *found != x_taken && co_await take_pair_from_disk())
        log::info("certificate_renewed", {{"file", x_settings.certificate_file}});
}

// Somebody else may provide a pair at any time.
asio::awaitable<void> certificate_keeper::obtain() {
    backoff pause(x_settings.first_pause, longest_pause);
    for (int number = 1; !co_await take_pair_from_disk(); ++number) {
        const auto failure = co_await try_once();
        if (!failure)
            co_return;
        log::warning("certificate_unavailable",
                     {{"signer", x_settings.signer.origin()}, {"error", failure.why()}});
        if (number >= quiet_tries)
            x_on.on_trouble("cannot get a TLS certificate: " + failure.why());
        const auto until_next = pause.next();
        co_await pause_for(until_next);
    }
}

// Ends early when the day of the pair that is on disk begins. In steps, since the clock may be set meanwhile.
asio::awaitable<void> certificate_keeper::pause_for(std::chrono::steady_clock::duration span) {
    constexpr std::chrono::steady_clock::duration longest_step = 1s;
    const auto end = std::chrono::steady_clock::now() + span;
    for (auto left = span; left > 0s && !has_day_begun(); left = end - std::chrono::steady_clock::now()) {
        const auto step = x_begins ? std::min(left, longest_step) : left;
        co_await sleep_for(step);
    }
}

bool certificate_keeper::has_day_begun() const {
    constexpr auto for_clocks_that_tick = 100ms;  // a certificate is compared with one that may be behind
    return x_begins && std::chrono::system_clock::now() >= *x_begins + for_clocks_that_tick;
}

// None once there is a certificate.
asio::awaitable<trouble> certificate_keeper::try_once() {
    const auto keyless = co_await provide_key();
    if (keyless)
        co_return keyless;
    const auto answer = co_await certify();
    if (answer.failure)
        co_return answer.failure;
    net::tls_context made;
    try {
        const net::tls_pair pair{answer.certificate, to_pem(x_key)};
        made = net::make_server_tls(pair, "that was sent", "of this worker");
    } catch (const startup_error& e) {
        co_return trouble(e.what());
    }
    // Another pair may be there by now, and its key is not ours.
    if (co_await take_pair_from_disk())
        co_return trouble::none();
    co_await keep(x_settings.certificate_file, answer.certificate, everybody_reads);
    const auto written = co_await stamps_on_disk();
    x_taken = written ? *written : stamps();
    log::info("certificate_obtained",
              {{"signer", x_settings.self_signed ? "self" : x_settings.signer.origin()},
               {"file", x_settings.certificate_file}});
    put_to_use(std::move(made));
    co_return trouble::none();
}

asio::awaitable<certificate_keeper::signature> certificate_keeper::certify() {
    if (x_settings.self_signed)
        co_return signature{.certificate = make_self_signed(x_key, x_settings.host)};
    net::call request{.method = net::verb::post,
                      .target = x_settings.signer,
                      .body = make_signing_request(x_key),
                      .content_type = "application/octet-stream",
                      .max_reply_bytes = max_file_bytes};
    auto answer = co_await x_client.send(std::move(request));
    x_client.close();
    if (!answer)
        co_return signature{.failure = trouble(answer.error().message())};
    if (!net::is_success(*answer))
        co_return signature{.failure = trouble(net::described_status(*answer))};
    co_return signature{.certificate = std::move(answer->body)};
}

certificate_keeper::key_on_disk certificate_keeper::read_key(const std::string& file) {
    const auto text = read_file(file, max_file_bytes);
    if (!text)
        return {says_no_file(text.error()) ? key_file::absent : key_file::unreadable, nullptr};
    auto found = parse_private_key(*text);
    return {found ? key_file::good : key_file::no_key, std::move(found)};
}

// None once x_key is the key that is there, or a new one. One that was made before and found no room stays.
asio::awaitable<trouble> certificate_keeper::provide_key() {
    std::function<key_on_disk()> look = [file = x_settings.key_file] { return read_key(file); };
    auto found = co_await on_disk(std::move(look));
    if (!found || found->state == key_file::unreadable)
        co_return trouble("cannot read " + x_settings.key_file + ": make it readable, or remove it");
    if (found->state == key_file::good)
        x_key = std::move(found->key);
    if (found->state == key_file::good || (x_key && found->state == key_file::absent))
        co_return trouble::none();
    std::function<private_key()> make = make_rsa_key;  // which takes a while
    const auto made = co_await x_thread.call(std::move(make));
    if (!made || !*made)
        co_return trouble("cannot make a key");
    x_key = *made;
    co_await keep(x_settings.key_file, to_pem(x_key), owner_reads);
    co_return trouble::none();
}

// A disk of no use is no reason to go without TLS: the pair lives as long as the process then.
asio::awaitable<void> certificate_keeper::keep(std::string file, std::string text,
                                               std::filesystem::perms mode) {
    std::function<replacement()> write = [file, mode, text = std::move(text)] {
        return write_in_place_of(file, text, mode);
    };
    const auto done = co_await on_disk(std::move(write));
    if (done && !done->set_aside.empty())
        log::warning("certificate_set_aside", {{"file", file}, {"kept_as", done->set_aside}});
    const auto failure = done ? done->failure : done.error();
    if (failure)
        log::warning(
            "certificate_not_kept",
            {{"file", file}, {"error", failure.message()}, {"effect", "a restart makes another one"}});
}

void certificate_keeper::put_to_use(net::tls_context made) {
    if (const auto reason = net::reason_for_distrust(made, x_settings.host);
        !reason.empty() && !x_settings.self_signed)
        log::warning("certificate_not_trusted",
                     {{"reason", reason}, {"effect", "clients that verify it refuse to connect"}});
    x_current = made;
    x_on.on_certificate(std::move(made));
}

}  // namespace nullworker::certificates
