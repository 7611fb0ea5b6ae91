#include <nullworker/base/deadline.hpp>
#include <nullworker/base/file.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/net/http_date.hpp>
#include <nullworker/net/tls.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <doctor/machine_survey.hpp>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/statfs.h>
#include <unistd.h>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto patience = 5s;
constexpr std::size_t most_processes = 4096;
constexpr std::size_t most_words_bytes = 64 * 1024;
constexpr std::size_t most_environment_bytes = 1024 * 1024;
constexpr std::size_t most_addresses = 8;
constexpr unsigned status_ok = 200;

// ---- Processes ----

std::vector<std::string> split_words(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\0'), text.size());
        out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::string of_process(std::int64_t id, const char* file) {
    return "/proc/" + std::to_string(id) + '/' + file;
}

// "12 (name) S 1 …": the name may have anything in it.
std::int64_t parent_in(const std::string& stat) {
    constexpr std::size_t state_and_blanks = 4;
    const auto end = stat.rfind(')');
    std::int64_t out = 0;
    if (end != std::string::npos && end + state_and_blanks < stat.size())
        (void)std::from_chars(stat.data() + end + state_and_blanks, stat.data() + stat.size(), out);
    return out;
}

// The machine, as processes see it: a host sees those of its containers, too, each of which is another
// machine. Empty where that may not be read.
std::string name_space_of(const std::string& process) {
    std::error_code ec;
    return std::filesystem::read_symlink("/proc/" + process + "/ns/pid", ec).string();
}

std::vector<process_facts> list_processes() {
    std::vector<process_facts> out;
    const auto here = name_space_of("self");
    std::error_code ec;
    for (std::filesystem::directory_iterator each("/proc", ec), end; !ec && each != end; each.increment(ec)) {
        const auto name = each->path().filename().string();
        std::int64_t id = 0;
        const auto [stop, failed] = std::from_chars(name.data(), name.data() + name.size(), id);
        if (failed != std::errc() || stop != name.data() + name.size())
            continue;
        if (const auto there = name_space_of(name); !there.empty() && there != here)
            continue;
        const auto words = read_file(of_process(id, "cmdline"), most_words_bytes);
        const auto stat = read_file(of_process(id, "stat"), most_words_bytes);
        if (words && stat && !words->empty() && out.size() < most_processes)
            out.push_back({id, parent_in(*stat), split_words(*words)});
    }
    return out;
}

variables own_variables() {
    std::string text;
    for (char** each = ::environ; *each; ++each)
        text.append(*each).append(1, '\0');
    return variables_of(text, {});
}

// Whether that daemon is the one that is asked at `place`.
bool is_at(const variables& told, const control_place& place) {
    const auto value = [&](const char* name) {
        const auto found = told.find(name);
        return found == told.end() ? std::string() : found->second;
    };
    if (!place.socket.empty())
        return value("NULLWORKER_CONTROL_SOCKET") == place.socket;
    const auto port = value("NULL_CONTROL_PORT");
    return (port.empty() ? std::to_string(control_place().port) : port) == std::to_string(place.port);
}

machine_survey::inhabitants look(const control_place& place) {
    machine_survey::inhabitants out{.processes = list_processes(), .environment = {own_variables()}};
    for (const auto& each : out.processes) {
        if (role_of(each) != process_role::daemon)
            continue;
        const auto environment = read_file(of_process(each.id, "environ"), most_environment_bytes);
        if (!environment)
            continue;
        auto told = variables_of(*environment, each.words);
        if (is_at(told, place))
            out.environment = {std::move(told), each.id};
    }
    return out;
}

// ---- The state directory ----

constexpr long tmpfs = 0x01021994;
constexpr long ramfs = 0x858458f6;
constexpr long overlayfs = 0x794c7630;

keeping kept_by(long file_system) {
    if (file_system == tmpfs || file_system == ramfs)
        return keeping::memory;
    return file_system == overlayfs ? keeping::layer : keeping::disk;
}

directory_facts look_at(const std::string& path) {
    directory_facts out{.path = path};
    struct statfs found {};
    if (::statfs(path.c_str(), &found) != 0) {
        out.trouble = std::strerror(errno);
        return out;
    }
    out.is_writable = ::access(path.c_str(), W_OK | X_OK) == 0;
    out.kept = kept_by(static_cast<long>(found.f_type));
    out.free_bytes = static_cast<std::uint64_t>(found.f_bavail) * static_cast<std::uint64_t>(found.f_bsize);
    return out;
}

// The directory that nullworkerd takes.
directory_facts look_for_state(const environment_facts& environment) {
    const auto set = environment.value("NULLWORKER_STATE_DIR");
    if (set == "none")
        return {};
    if (!set.empty())
        return look_at(set);
    const auto usual = environment.value("WORKSPACE_DIR", "/workspace") + "/nullworker";
    std::error_code ignored;
    return std::filesystem::is_directory(usual, ignored) ? look_at(usual) : directory_facts{};
}

// ---- The certificate ----

certificate_facts look_at_pair(const std::string& certificate, const std::string& key,
                               const std::string& host, const std::optional<std::string>& roots) {
    certificate_facts out{.host = host};
    try {
        const auto pair = net::load_server_tls(certificate, key);
        out.ends = net::end_of(pair);
        out.fits = net::is_for(pair, host);
        // Whatever the roots are, nobody trusts one that vouches for itself.
        if (const auto why = net::reason_for_distrust(pair, host); out.fits && !why.empty())
            out.chain = why;
        net::tls_trust trust(roots.value_or(std::string()));
        if (const auto client = trust.context(); client && roots)
            out.chain = net::chain_fault(pair, *client);
    } catch (const startup_error& e) {
        out.fault = e.what();
    }
    return out;
}

}  // namespace

machine_survey::machine_survey(asio::any_io_executor executor, control_place worker)
    : x_executor(executor), x_worker(std::move(worker)), x_thread(std::move(executor)) {}

template <class T>
asio::awaitable<result<T>> machine_survey::beside(std::function<T()> job) {
    auto work = x_thread.call(std::move(job));
    co_return co_await within(patience, std::move(work));
}

asio::awaitable<outcome<wire::worker_status>> machine_survey::worker() {
    std::string path = "/status";
    const auto told = co_await ask(x_worker, net::verb::get, std::move(path));
    if (!told)
        co_return failure{told.error().message()};
    auto read = wire::parse_worker_status(told->body);
    if (told->status != status_ok || !read)
        co_return failure{"the answer is not that of a nullworkerd"};
    co_return std::move(*read);
}

asio::awaitable<machine_survey::inhabitants> machine_survey::look_around() {
    std::function<inhabitants()> job = [place = x_worker] { return look(place); };
    auto found = co_await beside(std::move(job));
    if (!found)
        co_return inhabitants{.processes = {}, .environment = {own_variables()}};
    co_return std::move(*found);
}

asio::awaitable<port_facts> machine_survey::port(environment_facts environment, std::string own_url) {
    port_facts out{.outside = own_url};
    // Whatever answers, or hangs up: a port on which nobody listens refuses.
    const auto knock = [this](url target) -> asio::awaitable<error_code> {
        net::http_client client(x_executor, std::make_shared<net::tls_trust>());
        net::call question{.target = std::move(target), .limit = 3s};
        question.target.scheme = "http";
        const auto answer = co_await client.send(std::move(question));
        const bool silent = !answer && (answer.error() == errc::timed_out ||
                                        answer.error() == asio::error::connection_refused ||
                                        answer.error() == asio::error::host_unreachable ||
                                        answer.error() == asio::error::network_unreachable);
        co_return silent ? answer.error() : error_code();
    };
    auto here = parse_url("http://127.0.0.1:" + environment.worker_port());
    if (here) {
        auto target = std::move(*here);
        const auto refused = co_await knock(std::move(target));
        out.is_listening = refused != asio::error::connection_refused;
    }
    auto outside = parse_url(own_url);
    if (outside && out.is_listening) {
        auto target = std::move(*outside);
        const auto refused = co_await knock(std::move(target));
        if (refused)
            out.trouble = refused.message();
    }
    co_return out;
}

// Vast's root, by which clients know workers; empty where the console is out of reach.
asio::awaitable<std::string> machine_survey::vasts_root(environment_facts environment) {
    const auto console = parse_url(environment.value("NULLWORKER_CONSOLE_URL", "https://console.vast.ai"));
    if (!console)
        co_return std::string();
    net::http_client client(x_executor, std::make_shared<net::tls_trust>());
    net::call question{.target = join(*console, "/static/jvastai_root.cer"), .limit = patience};
    const auto answer = co_await client.send(std::move(question));
    if (!answer || answer->status != status_ok)
        co_return std::string();
    co_return answer->body;
}

asio::awaitable<certificate_facts> machine_survey::certificate(environment_facts environment,
                                                               std::string host) {
    const auto root = co_await vasts_root(environment);
    const auto roots = root.empty() ? std::nullopt : std::optional(root);
    const auto certificate = environment.value("NULLWORKER_TLS_CERTIFICATE", "/etc/instance.crt");
    const auto key = environment.value("NULLWORKER_TLS_KEY", "/etc/instance.key");
    std::function<certificate_facts()> job = [=] { return look_at_pair(certificate, key, host, roots); };
    auto found = co_await beside(std::move(job));
    if (!found)
        co_return certificate_facts{.fault = certificate + " cannot be read: " + found.error().message()};
    co_return std::move(*found);
}

asio::awaitable<directory_facts> machine_survey::state_directory(environment_facts environment) {
    std::function<directory_facts()> job = [=] { return look_for_state(environment); };
    auto found = co_await beside(std::move(job));
    if (!found)
        co_return directory_facts{.path = "the disk", .trouble = "it gives no answer"};
    co_return std::move(*found);
}

asio::awaitable<std::vector<address_facts>> machine_survey::addresses(environment_facts environment) {
    std::vector<address_facts> out;
    const auto all = parse_url_list(environment.value("REPORT_ADDR", "https://run.vast.ai"));
    if (!all)
        co_return out;
    for (const auto& each : *all) {
        if (out.size() == most_addresses)
            break;
        net::http_client client(x_executor, std::make_shared<net::tls_trust>());
        net::call question{.target = join(each, "/pubkey/"), .limit = patience};
        const auto asked = steady::now();
        const auto begin = std::chrono::system_clock::now();
        const auto answer = co_await client.send(std::move(question));
        address_facts made{.address = without_secrets(each.text()), .took = steady::now() - asked};
        if (answer) {
            made.status = answer->status;
            const auto date = answer->find("Date");
            // It was written at some moment of the exchange, and names the second in which that lay.
            if (const auto told = date ? net::parse_http_date(*date) : std::nullopt)
                made.ahead = seconds(*told - begin) + seconds(0.5) - made.took / 2;
        } else {
            made.trouble = answer.error().message();
        }
        out.push_back(std::move(made));
    }
    co_return out;
}

}  // namespace nullworker::client
