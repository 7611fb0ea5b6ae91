#include "support/drive.hpp"
#include "support/test_certificate.hpp"
#include "support/test_worker.hpp"

#include <fleet/signing_key.hpp>
#include <nullworker/certificates/signing_request.hpp>
#include <nullworker/net/http_client.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <sys/stat.h>

// How a worker comes by its TLS certificate. The console is scripted; it signs with the fleet's authority.
namespace nullworker::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using asio::awaitable;
using nlohmann::json;

const std::string sign_path = "/api/v0/sign_cert/";

class provisioning_test : public testing::Test {
protected:
    provisioning_test() : x_authority(fleet::certificate_authority::create()) {}

    // Runs a worker with TLS and the pair in `x_folder` through `story`. The console signs whatever it is
    // asked for, unless `script` says otherwise.
    void tell(const std::function<awaitable<void>(test_worker&)>& story,
              const std::function<void(scripted_peer&)>& script = {},
              const std::function<void(app::settings&)>& adjust = {}) {
        asio::io_context loop;
        x_loop = &loop;
        std::string console;
        const auto set_up = [&](scripted_peer& peer) {
            console = peer.origin();
            peer.reply_by(sign_path, [this](const net::request& asked) { return signed_reply(asked); });
            if (script)
                script(peer);
        };
        test_worker worker(
            loop,
            [&](app::settings& config) {
                config.use_ssl = true;
                config.tls_certificate = x_certificate;
                config.tls_key = x_key;
                config.console = parse_url(console).value();
                config.tls_first_pause = 1ms;
                config.tls_check_interval = 2ms;
                if (adjust)
                    adjust(config);
            },
            set_up);
        worker.start();
        const auto whole = [&](test_worker& subject) -> awaitable<void> {
            co_await story(subject);
            co_await subject.stop();
        };
        drive(loop, whole(worker));
    }

    net::reply signed_reply(const net::request& asked) const {
        const auto made = x_authority.answer(asked.body, "127.0.0.1");
        return made ? net::text_reply(200, *made) : net::status_reply(400);
    }

    // Creates a session as a client that believes in the fleet's root, and nothing else.
    awaitable<unsigned> create(test_worker& worker, std::string root) {
        net::http_client client(x_loop->get_executor(), std::make_shared<net::tls_trust>(root));
        net::call request{.method = net::verb::post,
                          .target = parse_url(worker.url() + "/session/create").value()};
        request.body = worker.create_body(worker.grant(11)).dump();
        const auto answer = co_await client.send(std::move(request));
        co_return answer ? answer->status : 0;
    }

    awaitable<void> takes_a_session(test_worker& worker) {
        co_await worker.until_ready();
        const auto status = co_await create(worker, x_authority.root_pem());
        EXPECT_EQ(status, 201u);
    }

    // Somebody else puts `pair` there while the console is being asked, and that is what the worker serves.
    awaitable<void> is_overtaken_by(test_worker& worker, const test_certificate& pair) {
        (void)co_await worker.autoscaler().received(sign_path);
        fs::copy_file(pair.key_file(), x_key, fs::copy_options::overwrite_existing);
        fs::copy_file(pair.certificate_file(), x_certificate);
        worker.autoscaler().let_go();
        co_await worker.until_ready();
        const auto status = co_await create(worker, pair.pem());
        EXPECT_EQ(status, 201u);
    }

    static bool refuses_connections(test_worker& worker) {
        asio::io_context own;
        asio::ip::tcp::socket socket(own);
        error_code ec;
        socket.connect({asio::ip::address_v4::loopback(), worker.daemon().public_port()}, ec);
        return ec == asio::error::connection_refused;
    }

    [[nodiscard]] std::string certificate_text() const { return read_file(x_certificate); }
    [[nodiscard]] std::string key_text() const { return read_file(x_key); }

    temporary_directory x_folder;
    std::string x_certificate = x_folder.file("made/instance.crt");
    std::string x_key = x_folder.file("made/instance.key");
    fleet::certificate_authority x_authority;
    asio::io_context* x_loop = nullptr;
};

TEST_F(provisioning_test, a_worker_without_a_pair_has_a_key_of_its_own_certified_and_only_then_listens) {
    tell(
        [this](test_worker& worker) -> awaitable<void> {
            const auto asked = co_await worker.autoscaler().received(sign_path);
            EXPECT_TRUE(refuses_connections(worker));
            EXPECT_EQ(asked.query, "instance_id=4242");
            EXPECT_EQ(asked.find("Content-Type"), "application/octet-stream");
            worker.autoscaler().let_go();
            co_await takes_a_session(worker);
            EXPECT_EQ(worker.autoscaler().requests(sign_path).size(), 2u);
            EXPECT_EQ(fs::status(x_key).permissions(), fs::perms::owner_read | fs::perms::owner_write);
            EXPECT_NE(fs::status(x_certificate).permissions() & fs::perms::others_read, fs::perms::none);
            EXPECT_NE(certificates::parse_private_key(key_text()), nullptr);
        },
        [](scripted_peer& console) { console.hold_once(sign_path, net::status_reply(503)); });
}

TEST_F(provisioning_test, the_autoscaler_hears_of_a_worker_that_waits_for_its_certificate) {
    tell(
        [this](test_worker& worker) -> awaitable<void> {
            const auto report = co_await worker.report([](const json&) { return true; });
            EXPECT_EQ(report["max_perf"], 0);
            EXPECT_EQ(report["url"], worker.url());
            const auto health = co_await control_get(worker, "/health");
            EXPECT_EQ(health.status, 503u);
            EXPECT_NE(health.body.find("waiting for the listeners"), std::string::npos) << health.body;
            (void)co_await worker.autoscaler().received(sign_path);
            worker.autoscaler().let_go();
            co_await takes_a_session(worker);
        },
        [](scripted_peer& console) { console.hold_once(sign_path); });
}

TEST_F(provisioning_test,
       an_answer_that_is_no_certificate_of_this_key_is_not_used_and_the_console_asked_again) {
    const auto other = x_authority.issue({"127.0.0.1"});
    tell(
        [this](test_worker& worker) -> awaitable<void> {
            co_await takes_a_session(worker);
            EXPECT_EQ(worker.autoscaler().requests(sign_path).size(), 6u);
            EXPECT_FALSE(fs::exists(x_certificate + ".set-aside"));  // none of them was ever stored
        },
        [&](scripted_peer& console) {
            console.reply_once(sign_path, net::status_reply(502));
            console.reply_once(sign_path, net::text_reply(200, "<html>Bad gateway</html>"));
            console.reply_once(sign_path, net::text_reply(200, ""));
            console.reply_once(sign_path, net::text_reply(200, other.certificate));
            console.drop_once(sign_path);
        });
}

TEST_F(provisioning_test, the_fifth_failure_is_reported_and_the_error_clears_with_the_certificate) {
    tell(
        [this](test_worker& worker) -> awaitable<void> {
            const auto with_error = [](const json& each) { return each["error_msg"] != ""; };
            const auto report = co_await worker.report(with_error);
            EXPECT_EQ(report["error_msg"], "cannot get a TLS certificate: HTTP status 500");
            (void)co_await worker.autoscaler().received(sign_path, 6);
            worker.autoscaler().let_go();
            co_await takes_a_session(worker);
            const auto well = [](const json& each) {
                return each["error_msg"] == "" && each["max_perf"] > 0;
            };
            (void)co_await worker.report(well);
        },
        [](scripted_peer& console) {
            for (int i = 0; i < 5; ++i)
                console.reply_once(sign_path, net::status_reply(500));
            console.hold_once(sign_path, net::status_reply(500));
        });
}

TEST_F(provisioning_test, an_expired_certificate_is_replaced_and_its_key_stays) {
    const test_certificate old({.dates = certificate_dates::expired});
    x_certificate = old.certificate_file();
    x_key = old.key_file();
    const auto key = key_text();
    tell([&](test_worker& worker) -> awaitable<void> {
        co_await takes_a_session(worker);
        EXPECT_EQ(key_text(), key);
        EXPECT_EQ(read_file(x_certificate + ".set-aside"), old.pem());
        EXPECT_NE(certificate_text(), old.pem());
    });
}

TEST_F(provisioning_test, a_pair_for_later_is_served_when_its_day_begins_though_the_console_is_away) {
    const test_certificate pair({.dates = certificate_dates::valid_in_a_second});
    x_certificate = pair.certificate_file();
    x_key = pair.key_file();
    tell(
        [&](test_worker& worker) -> awaitable<void> {
            co_await worker.until_ready();
            const auto status = co_await create(worker, pair.pem());
            EXPECT_EQ(status, 201u);
            EXPECT_LE(worker.autoscaler().requests(sign_path).size(), 1u);  // none where this came late
        },
        [](scripted_peer& console) { console.reply_always(sign_path, net::status_reply(503)); },
        [](app::settings& config) { config.tls_first_pause = 1h; });
}

TEST_F(provisioning_test, files_that_are_no_pair_are_set_aside) {
    x_certificate = x_folder.write("page.crt", "<html>Bad gateway</html>");
    x_key = x_folder.write("no.key", "nonsense");
    tell([this](test_worker& worker) -> awaitable<void> {
        co_await takes_a_session(worker);
        EXPECT_EQ(read_file(x_certificate + ".set-aside"), "<html>Bad gateway</html>");
        EXPECT_EQ(read_file(x_key + ".set-aside"), "nonsense");
    });
}

TEST_F(provisioning_test, a_valid_pair_is_served_and_nobody_asked) {
    const test_certificate pair;
    x_certificate = pair.certificate_file();
    x_key = pair.key_file();
    tell([&](test_worker& worker) -> awaitable<void> {
        co_await worker.until_ready();
        const auto status = co_await create(worker, pair.pem());
        EXPECT_EQ(status, 201u);
        EXPECT_TRUE(worker.autoscaler().requests(sign_path).empty());
    });
}

TEST_F(provisioning_test, a_pair_that_somebody_else_provides_meanwhile_is_taken) {
    const test_certificate pair;
    tell([&](test_worker& worker) -> awaitable<void> { co_await is_overtaken_by(worker, pair); },
         [](scripted_peer& console) {
             console.hold_once(sign_path, net::status_reply(500));
             console.reply_always(sign_path, net::status_reply(500));
         });
}

TEST_F(provisioning_test, a_pair_that_appears_while_the_console_signs_is_not_overwritten) {
    const test_certificate pair;
    const auto key = certificates::make_ec_key();
    x_certificate = x_folder.file("instance.crt");
    x_key = x_folder.write("instance.key", certificates::to_pem(key));
    const auto answer = x_authority.answer(certificates::make_signing_request(key), "127.0.0.1").value();
    tell(
        [&](test_worker& worker) -> awaitable<void> {
            co_await is_overtaken_by(worker, pair);
            EXPECT_EQ(certificate_text(), pair.pem());
        },
        [&](scripted_peer& console) { console.hold_once(sign_path, net::text_reply(200, answer)); });
}

TEST_F(provisioning_test, what_is_no_file_is_set_aside) {
    x_certificate = x_folder.file("instance.crt");
    x_key = x_folder.file("instance.key");
    ASSERT_EQ(::mkfifo(x_certificate.c_str(), 0600), 0);
    fs::create_directory(x_key);
    tell([this](test_worker& worker) -> awaitable<void> {
        co_await takes_a_session(worker);
        EXPECT_TRUE(fs::is_fifo(x_certificate + ".set-aside"));
        EXPECT_TRUE(fs::is_directory(x_key + ".set-aside"));
        EXPECT_FALSE(fs::exists(x_key + ".new"));
    });
}

TEST_F(provisioning_test, a_port_that_somebody_else_took_meanwhile_is_reported_and_tried_again) {
    tell(
        [this](test_worker& worker) -> awaitable<void> {
            (void)co_await worker.autoscaler().received(sign_path);
            asio::ip::tcp::acceptor other(*x_loop,
                                          {asio::ip::address_v4::loopback(), worker.daemon().public_port()});
            worker.autoscaler().let_go();
            const auto report =
                co_await worker.report([](const json& each) { return each["error_msg"] != ""; });
            EXPECT_NE(report["error_msg"].get<std::string>().find("WORKER_PORT"), std::string::npos)
                << report;
            other.close();
            co_await takes_a_session(worker);
        },
        [](scripted_peer& console) { console.hold_once(sign_path, net::status_reply(503)); });
}

TEST_F(provisioning_test, a_disk_of_no_use_keeps_nobody_from_tls) {
    x_certificate = x_folder.write("file", "") + "/instance.crt";
    x_key = x_folder.file("file") + "/instance.key";
    tell([this](test_worker& worker) -> awaitable<void> { co_await takes_a_session(worker); });
}

TEST_F(provisioning_test, a_worker_that_certifies_itself_asks_nobody) {
    tell(
        [this](test_worker& worker) -> awaitable<void> {
            co_await worker.until_ready();
            EXPECT_TRUE(worker.autoscaler().requests(sign_path).empty());
            const auto trusting = co_await create(worker, certificate_text());
            EXPECT_EQ(trusting, 201u);
            const auto others = co_await create(worker, x_authority.root_pem());
            EXPECT_EQ(others, 0u);
        },
        {}, [](app::settings& config) { config.tls_self_signed = true; });
}

TEST_F(provisioning_test, a_worker_can_be_stopped_while_it_waits_for_its_certificate) {
    tell(
        [](test_worker& worker) -> awaitable<void> {
            (void)co_await worker.autoscaler().received(sign_path);  // and is never answered
        },
        [](scripted_peer& console) { console.hold_once(sign_path); });
}

}  // namespace
}  // namespace nullworker::test
