#include <nullworker/base/backoff.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/certificates/certificate_keeper.hpp>
#include <nullworker/certificates/signing_request.hpp>

#include <array>
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
constexpr std::size_t max_file_bytes = 64 * 1024;

constexpr auto owner_reads = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;
constexpr auto everybody_reads =
    owner_reads | std::filesystem::perms::group_read | std::filesystem::perms::others_read;

// Moves what is of no use out of the way; an empty file holds nothing worth keeping.
void set_aside(const std::string& file) {
    std::error_code ec;
    if (!std::filesystem::exists(std::filesystem::symlink_status(file, ec)))
        return;
    if (std::filesystem::is_regular_file(file, ec) && std::filesystem::file_size(file, ec) == 0) {
        std::filesystem::remove(file, ec);
        return;
    }
    std::string kept_as = file + ".set-aside";
    for (int number = 2; std::filesystem::exists(std::filesystem::symlink_status(kept_as, ec)); ++number)
        kept_as = file + ".set-aside-" + std::to_string(number);
    std::filesystem::rename(file, kept_as, ec);
    if (!ec)
        log::warning("certificate_set_aside", {{"file", file}, {"kept_as", kept_as}});
}

// Whether a file that cannot be read for this reason is none: there is nothing, or a folder, or a pipe.
bool says_no_file(const error_code& ec) {
    namespace errc = boost::system::errc;
    return ec == errc::no_such_file_or_directory || ec == errc::not_a_directory ||
           ec == errc::is_a_directory || ec == errc::invalid_argument;
}

std::array<std::string, 2> files_of(const certificate_settings& settings) {
    return {settings.certificate_file, settings.key_file};
}

}  // namespace

certificate_keeper::certificate_keeper(asio::any_io_executor executor, net::way_out out,
                                       certificate_settings settings, events on)
    : x_settings(std::move(settings)),
      x_on(std::move(on)),
      x_client(executor, std::move(out)),
      x_thread(std::move(executor)) {}

certificate_keeper::stamps certificate_keeper::stamps_on_disk() const {
    return {stamp_of(x_settings.certificate_file), stamp_of(x_settings.key_file)};
}

// None once the pair that is on disk is in use.
trouble certificate_keeper::take_pair_from_disk() {
    const auto found = stamps_on_disk();
    try {
        auto made = net::load_server_tls(x_settings.certificate_file, x_settings.key_file);
        x_taken = found;
        put_to_use(std::move(made));
        return trouble::none();
    } catch (const startup_error& e) {
        x_refused = found;
        return trouble(e.what());
    }
}

bool certificate_keeper::load() {
    const auto found = take_pair_from_disk();
    if (found)
        log::info("no_valid_certificate", {{"reason", found.why()}});
    return !found;
}

asio::awaitable<void> certificate_keeper::run() {
    for (;;) {
        if (!x_current || net::has_expired(x_current))
            co_await obtain();
        co_await sleep_for(x_settings.check_interval);
        std::function<stamps()> look = [files = files_of(x_settings)] {
            return stamps{stamp_of(files[0]), stamp_of(files[1])};
        };
        const auto found = co_await x_thread.call(std::move(look));
        if (found && *found != x_taken)
            take_renewed_pair();
    }
}

// A renewed pair replaces the old one for the connections to come. Half a pair, a bad one, or one whose time
// has not come, changes nothing, and is tried again.
void certificate_keeper::take_renewed_pair() {
    const auto refused = x_refused;
    const auto found = take_pair_from_disk();
    if (!found)
        return log::info("certificate_renewed", {{"file", x_settings.certificate_file}});
    log::write(x_refused == refused ? log::level::debug : log::level::warning, "certificate_not_renewed",
               {{"error", found.why()}, {"effect", "the old one stays in use"}});
}

asio::awaitable<void> certificate_keeper::obtain() {
    backoff pause(x_settings.first_pause, longest_pause);
    for (int number = 1;; ++number) {
        const auto failure = co_await try_once();
        if (!failure)
            co_return;
        log::warning("certificate_unavailable",
                     {{"signer", x_settings.signer.origin()}, {"error", failure.why()}});
        if (number >= quiet_tries)
            x_on.on_trouble("cannot get a TLS certificate: " + failure.why());
        const auto until_next = pause.next();
        co_await sleep_for(until_next);
        // Somebody else may have provided one meanwhile.
        if (stamps_on_disk() != x_refused && load())
            co_return;
    }
}

// None once there is a certificate.
asio::awaitable<trouble> certificate_keeper::try_once() {
    auto key = find_key();
    if (!key && x_unreadable)
        co_return trouble("cannot read " + x_settings.key_file + ": make it readable, or remove it");
    if (!key) {
        std::function<private_key()> make = make_rsa_key;  // which takes a while
        const auto made_key = co_await x_thread.call(std::move(make));
        if (!made_key || !*made_key)
            co_return trouble("cannot make a key");
        key = *made_key;
        keep_key(key);
    }
    const auto before = stamps_on_disk();
    const auto answer = co_await certify(key);
    if (answer.failure)
        co_return answer.failure;
    net::tls_context made;
    try {
        const net::tls_pair pair{answer.certificate, to_pem(key)};
        made = net::make_server_tls(pair, "that was sent", "of this worker");
    } catch (const startup_error& e) {
        co_return trouble(e.what());
    }
    // Somebody else may have provided a pair meanwhile, and their key is not ours.
    if (stamps_on_disk() != before && load())
        co_return trouble::none();
    write_in_place_of(x_settings.certificate_file, answer.certificate, everybody_reads);
    x_taken = stamps_on_disk();
    log::info("certificate_obtained",
              {{"signer", x_settings.self_signed ? "self" : x_settings.signer.origin()},
               {"file", x_settings.certificate_file}});
    put_to_use(std::move(made));
    co_return trouble::none();
}

asio::awaitable<certificate_keeper::signature> certificate_keeper::certify(private_key key) {
    if (x_settings.self_signed)
        co_return signature{.certificate = make_self_signed(key, x_settings.host)};
    net::call request{.method = net::verb::post,
                      .target = x_settings.signer,
                      .body = make_signing_request(key),
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

// The key that is there, if it is one, or that was made before and found no room. Null where a new one is to
// be made, and where it cannot be told what is there.
private_key certificate_keeper::find_key() {
    const auto text = read_file(x_settings.key_file, max_file_bytes);
    x_unreadable = !text && !says_no_file(text.error());
    if (x_unreadable)
        return nullptr;
    if (const auto found = text ? parse_private_key(*text) : nullptr)
        return found;
    return text ? nullptr : x_key;
}

void certificate_keeper::keep_key(private_key made) {
    x_key = std::move(made);
    write_in_place_of(x_settings.key_file, to_pem(x_key), owner_reads);
    x_refused = stamps_on_disk();
}

// A disk of no use is no reason to go without TLS: the pair lives as long as the process then.
void certificate_keeper::write_in_place_of(const std::string& file, const std::string& text,
                                           std::filesystem::perms mode) {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path(), ignored);
    set_aside(file);
    const auto ec = replace_file(file, text, durability::process);
    std::filesystem::permissions(file, mode, ignored);
    if (ec)
        log::warning("certificate_not_kept",
                     {{"file", file}, {"error", ec.message()}, {"effect", "a restart makes another one"}});
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
