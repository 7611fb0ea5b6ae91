#include "support/test_worker.hpp"

#include "support/drive.hpp"

#include <nullworker/wire/route_grant.hpp>
#include <nullworker/wire/status_report.hpp>

#include <gtest/gtest.h>

#include <utility>

namespace nullworker::test {

nlohmann::json a_minute() {
    return {{"lifetime", 60.0}};
}

bool is_ready(const nlohmann::json& report) {
    return report["max_perf"] > 0;
}

bool is_free(const nlohmann::json& report) {
    return report["cur_load"] == 0.0;
}

bool is_busy(const nlohmann::json& report) {
    return report["cur_load"] == 100.0;
}

bool is_errored(const nlohmann::json& report) {
    return !report["error_msg"].get_ref<const std::string&>().empty();
}

bool is_well(const nlohmann::json& report) {
    return !is_errored(report);
}

nlohmann::json body_of(const net::reply& answer) {
    return nlohmann::json::parse(answer.body);
}

asio::awaitable<net::reply> control_get(test_worker& worker, std::string path) {
    return worker.send(test_worker::listener::control, net::verb::get, std::move(path));
}

asio::awaitable<net::reply> control_post(test_worker& worker, std::string path, std::string body) {
    return worker.send(test_worker::listener::control, net::verb::post, std::move(path), std::move(body));
}

nlohmann::json reference(const std::string& id, const nlohmann::json& grant) {
    return {{"session_id", id}, {"session_auth", grant}};
}

void with_worker(const worker_story& story, const std::function<void(app::settings&)>& adjust,
                 const std::function<void(scripted_peer&)>& script) {
    asio::io_context loop;
    test_worker worker(loop, adjust, script);
    worker.start();
    const auto whole = [](test_worker& subject, const worker_story& told) -> asio::awaitable<void> {
        co_await subject.until_ready();
        co_await told(subject);
        co_await subject.stop();
    };
    drive(loop, whole(worker, story));
}

app::settings loopback_settings(const std::string& autoscaler) {
    app::settings out;
    out.listen_address = "127.0.0.1";
    out.worker_port = out.webhook_port = out.control_port = 0;
    out.public_address = "127.0.0.1";
    out.container_id = 4242;
    out.report_addresses = {parse_url(autoscaler).value()};
    out.master_token = "master-token-for-checks";
    out.report_version = wire::framework_version;
    out.drain_timeout = seconds(0);  // whatever a test has left behind
    return out;
}

test_worker::test_worker(asio::io_context& loop, const std::function<void(app::settings&)>& adjust,
                         const std::function<void(scripted_peer&)>& script)
    : x_loop(loop),
      x_autoscaler(loop.get_executor()),
      x_running(loop.get_executor()),
      x_trust(std::make_shared<net::tls_trust>()) {
    x_autoscaler.reply_always("/pubkey/", net::text_reply(200, x_key.public_pem()));
    x_autoscaler.reply_always("/worker_status/", net::json_reply(200, "{}"));
    x_autoscaler.reply_always("/delete_requests/", net::json_reply(200, "{}"));
    if (script)
        script(x_autoscaler);
    auto config = loopback_settings(x_autoscaler.origin());
    config.force_update_file = x_directory.file("force_update");
    if (adjust)
        adjust(config);
    x_daemon.emplace(loop, std::move(config), now());
}

void test_worker::start() {
    x_running.spawn(x_daemon->run());
}

asio::awaitable<void> test_worker::until_ready() {
    (void)co_await report(is_ready);
}

asio::awaitable<void> test_worker::stop() {
    x_daemon->stop();
    co_await x_running.join();
    co_await x_autoscaler.stop();
}

asio::awaitable<net::reply> test_worker::send(listener to, net::verb method, std::string path,
                                              std::string body, std::vector<net::header> headers) {
    const std::uint16_t ports[] = {x_daemon->public_port(), x_daemon->webhook_port(),
                                   x_daemon->control_port()};
    net::http_client client(x_loop.get_executor(), x_trust);
    net::call request{.method = method,
                      .target = {.scheme = "http", .host = "127.0.0.1", .port = ports[static_cast<int>(to)]},
                      .headers = std::move(headers),
                      .body = std::move(body)};
    request.target.target = std::move(path);
    auto answer = co_await client.send(std::move(request));
    co_return std::move(answer).value();
}

asio::awaitable<net::reply> test_worker::post(std::string path, nlohmann::json body) {
    return send(listener::open, net::verb::post, std::move(path), body.dump());
}

nlohmann::json test_worker::grant(std::int64_t request_idx, double cost) {
    return {{"url", url()},
            {"endpoint", "bench"},
            {"cost", cost},
            {"reqnum", ++x_reqnum},
            {"request_idx", request_idx},
            {"__request_id", "kept"},
            {"signature", x_key.sign(wire::signed_message(url()))}};
}

nlohmann::json test_worker::create_body(const nlohmann::json& grant, nlohmann::json payload) const {
    return {{"auth_data", grant}, {"session_id", nullptr}, {"payload", std::move(payload)}};
}

asio::awaitable<std::string> test_worker::create(nlohmann::json with_grant, nlohmann::json payload) {
    auto body = create_body(with_grant, std::move(payload));
    const auto answer = co_await post("/session/create", std::move(body));
    EXPECT_EQ(answer.status, 201u) << answer.body;
    co_return nlohmann::json::parse(answer.body).at("session_id").get<std::string>();
}

asio::awaitable<nlohmann::json> test_worker::report(std::function<bool(const nlohmann::json&)> wanted,
                                                    std::size_t from) {
    for (std::size_t i = from;; ++i) {
        const auto request = co_await x_autoscaler.received("/worker_status/", i + 1);
        auto document = nlohmann::json::parse(request.body);
        if (wanted(document))
            co_return document;
    }
}

std::size_t test_worker::reports() {
    return x_autoscaler.requests("/worker_status/").size();
}

asio::awaitable<nlohmann::json> test_worker::completion(std::size_t number) {
    std::size_t seen = 0;
    for (std::size_t i = 0;; ++i) {
        const auto request = co_await x_autoscaler.received("/delete_requests/", i + 1);
        const auto batch = nlohmann::json::parse(request.body);
        for (const auto& entry : batch.at("requests"))
            if (++seen == number)
                co_return entry;
    }
}

}  // namespace nullworker::test
