#include "subject.hpp"

#include <nullworker/wire/routing.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

namespace nullworker::bench {
namespace {

constexpr const char* master_token = "bench";

net::http_client make_client(const asio::any_io_executor& executor) {
    return {executor, std::make_shared<net::tls_trust>()};
}

double private_mib(pid_t pid) {
    std::ifstream rollup("/proc/" + std::to_string(pid) + "/smaps_rollup");
    for (std::string line; std::getline(rollup, line);) {
        std::istringstream words(line);
        std::string name;
        double kib = 0;
        if (words >> name >> kib && name == "Private_Dirty:")
            return kib / 1024;
    }
    return 0;
}

void expect(const net::reply& answer, unsigned status, const std::string& what) {
    if (answer.status != status)
        throw bench_error(what + " was answered " + std::to_string(answer.status) + ": " + answer.body);
}

}  // namespace

subject::subject(asio::any_io_executor executor, scripted_autoscaler& autoscaler,
                 std::vector<std::string> command, std::uint16_t first_port)
    : x_executor(executor),
      x_autoscaler(autoscaler),
      x_launcher(executor, fleet::process_options{.command = std::move(command)}),
      x_first_port(first_port),
      x_client(make_client(executor)) {}

std::string subject::url() const {
    return "http://127.0.0.1:" + std::to_string(x_first_port);
}

fleet::worker_spec subject::specify() const {
    fleet::worker_spec spec;
    spec.id = x_id;
    spec.environment = {
        {"WORKER_PORT", std::to_string(x_first_port)},
        {"WORKER_HTTP_PORT", std::to_string(x_first_port + 1)},
        {"NULL_CONTROL_PORT", std::to_string(x_first_port + 2)},
        {"VAST_TCP_PORT_" + std::to_string(x_first_port), std::to_string(x_first_port)},
        {"PUBLIC_IPADDR", "127.0.0.1"},
        {"CONTAINER_ID", std::to_string(x_id)},
        {"REPORT_ADDR", x_autoscaler.url()},
        {"MASTER_TOKEN", master_token},
        {"USE_SSL", "false"},
        {"UNSECURED", "false"},
    };
    spec.environment.insert(x_variables.begin(), x_variables.end());
    return spec;
}

asio::awaitable<seconds> subject::start() {
    x_id = x_autoscaler.next_worker();
    x_autoscaler.follow(x_id);
    const auto began = std::chrono::steady_clock::now();
    const auto started = x_launcher.start(specify());
    if (!started)
        throw bench_error("the worker cannot be started: " + started.error().message());
    std::function<bool()> is_ready = [this] {
        return x_autoscaler.report() && x_autoscaler.report()->max_perf > 0;
    };
    const bool ready = co_await x_autoscaler.until(std::move(is_ready), x_start_limit);
    if (!ready)
        throw bench_error("the worker did not report that it is ready");
    co_return x_autoscaler.reported_at() - began;
}

asio::awaitable<seconds> subject::stop() {
    x_client.close();
    const auto told = std::chrono::steady_clock::now();
    x_launcher.stop(x_id);
    co_await x_launcher.join();
    co_return std::chrono::steady_clock::now() - told;
}

asio::awaitable<void> subject::ask(std::string path, std::string body, unsigned status) {
    auto what = path;
    const auto answer = co_await post(std::move(path), std::move(body));
    expect(answer, status, what);
}

asio::awaitable<net::reply> subject::post(std::string path, std::string body) {
    net::call request{
        .method = net::verb::post, .target = join(parse_url(url()).value(), path), .body = std::move(body)};
    auto answer = co_await x_client.send(std::move(request));
    if (!answer)
        throw bench_error(path + " got no answer: " + answer.error().message());
    co_return std::move(*answer);
}

asio::awaitable<open_session> subject::create(seconds lifetime) {
    auto grant = x_autoscaler.grant(url(), ++x_last_request);
    const wire::create_parameters parameters{.lifetime = lifetime};
    auto body = wire::create_body(grant, parameters);
    const auto answer = co_await post("/session/create", std::move(body));
    expect(answer, 201, "/session/create");
    const auto created = wire::parse_session_created(answer.body);
    if (!created)
        throw bench_error("/session/create: " + created.error().message());
    co_return open_session{std::move(grant), created->session_id, created->expiration};
}

asio::awaitable<void> subject::end(const open_session& session) {
    auto body = wire::session_body(session.id, session.grant);
    const auto answer = co_await post("/session/end", std::move(body));
    expect(answer, 200, "/session/end");
}

asio::awaitable<asio::ip::tcp::socket> subject::connect_and_send(std::string text) const {
    asio::ip::tcp::socket socket(x_executor);
    const asio::ip::tcp::endpoint place(asio::ip::address_v4::loopback(), x_first_port);
    const auto [connect_ec] = co_await socket.async_connect(place, nothrow);
    if (connect_ec)
        throw bench_error("cannot connect: " + connect_ec.message());
    const auto [write_ec, size] = co_await asio::async_write(socket, asio::buffer(text), nothrow);
    if (write_ec)
        throw bench_error("cannot send: " + write_ec.message());
    co_return socket;
}

asio::awaitable<asio::ip::tcp::socket> subject::begin_request() {
    std::string beginning = "POST /session/create HTTP/1.1\r\nHost: ";
    co_return co_await connect_and_send(std::move(beginning));
}

asio::awaitable<asio::ip::tcp::socket> subject::idle_connection() {
    const std::string body = R"({"session_id": "none", "session_auth": {}})";
    std::string request =
        "POST /session/health HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        "Content-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    auto socket = co_await connect_and_send(std::move(request));
    std::array<char, 1024> answer{};
    const auto [ec, size] = co_await socket.async_read_some(asio::buffer(answer), nothrow);
    if (ec)
        throw bench_error("a connection was not answered: " + ec.message());
    co_return socket;
}

usage subject::measure() const {
    const pid_t pid = x_launcher.pid_of(x_id);
    usage out{.at = std::chrono::steady_clock::now()};
    clockid_t clock{};
    timespec spent{};
    if (::clock_getcpuclockid(pid, &clock) == 0 && ::clock_gettime(clock, &spent) == 0)
        out.processor = std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
    std::error_code gone;
    for (std::filesystem::directory_iterator each("/proc/" + std::to_string(pid) + "/fd", gone), end;
         each != end; each.increment(gone))
        ++out.descriptors;
    out.private_mib = private_mib(pid);
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        std::istringstream words(line);
        std::string name;
        double value = 0;
        words >> name >> value;
        if (name == "VmRSS:")
            out.resident_mib = value / 1024;
        if (name.ends_with("voluntary_ctxt_switches:"))
            out.context_switches += static_cast<std::int64_t>(value);
    }
    return out;
}

}  // namespace nullworker::bench
