#include "support/temporary_directory.hpp"

#include <nullworker/app/config.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace nullworker::app {
namespace {

// The environment of a Vast instance, for the length of a test.
class config_test : public testing::Test {
protected:
    config_test() {
        for (const auto& [name, value] : instance)
            set(name, value);
    }
    ~config_test() override {
        for (const auto& name : touched)
            ::unsetenv(name.c_str());
    }

    void set(const std::string& name, const std::string& value) {
        touched.push_back(name);
        ::setenv(name.c_str(), value.c_str(), 1);
    }
    static void unset(const std::string& name) { ::unsetenv(name.c_str()); }

    static std::variant<settings, print_and_exit> read(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "nullworkerd");
        std::vector<const char*> argv;
        argv.reserve(arguments.size());
        for (const auto& argument : arguments)
            argv.push_back(argument.c_str());
        return read_config(static_cast<int>(argv.size()), argv.data());
    }
    static settings settings_of(const std::vector<std::string>& arguments = {}) {
        return std::get<settings>(read(arguments));
    }
    // What it prints instead of a run.
    static std::string shown_by(const std::vector<std::string>& arguments) {
        return std::get<print_and_exit>(read(arguments)).text;
    }

    static std::string error_of(const std::vector<std::string>& arguments = {}) {
        try {
            (void)read(arguments);
        } catch (const startup_error& e) {
            return e.what();
        }
        return "no error";
    }

    const std::map<std::string, std::string> instance = {
        {"WORKER_PORT", "3000"},
        {"VAST_TCP_PORT_3000", "40001"},
        {"PUBLIC_IPADDR", "203.0.113.7"},
        {"CONTAINER_ID", "4242"},
        {"REPORT_ADDR", "https://a,https://b/"},
        {"MASTER_TOKEN", "the-master-token"},
        {"NULL_CONTROL_PORT", "18999"},
    };
    std::vector<std::string> touched;
    test::temporary_directory directory;
};

TEST_F(config_test, the_environment_of_an_instance_is_enough) {
    const auto read = settings_of();
    EXPECT_EQ(read.own_url(3000), "http://203.0.113.7:40001");
    EXPECT_EQ(read.container_id, 4242);
    EXPECT_EQ(read.webhook_port, 3001);
    ASSERT_EQ(read.report_addresses.size(), 2u);
    EXPECT_EQ(read.report_addresses[1].host, "b");
    EXPECT_EQ(read.max_perf, 100.0);
    EXPECT_EQ(read.create_auth, auth::create_policy::signed_only);
    EXPECT_FALSE(read.use_ssl);
    EXPECT_FALSE(read.unsecured);
}

TEST_F(config_test, each_required_variable_is_named_when_it_is_missing) {
    for (const auto* name : {"PUBLIC_IPADDR", "CONTAINER_ID", "VAST_TCP_PORT_3000"}) {
        unset(name);
        EXPECT_EQ(error_of().find(std::string(name) + " is not set"), 0u) << error_of();
        set(name, instance.at(name));
    }
}

TEST_F(config_test, a_malformed_value_is_named_with_its_variable) {
    const std::vector<std::pair<std::string, std::string>> wrong = {
        {"WORKER_PORT", "abc"},
        {"WORKER_PORT", "70000"},
        {"VAST_TCP_PORT_3000", "99999"},
        {"CONTAINER_ID", "C.1"},
        {"REPORT_ADDR", "run.vast.ai"},
        {"NULL_CONTROL_PORT", "-1"},
        {"BACKEND_HEALTH_URL", "ftp://x"},
        {"NULLWORKER_MAX_LIFETIME", "-5"},
        {"NULLWORKER_CREATE_AUTH", "maybe"},
        {"UNSECURED", "perhaps"},
        {"PUBLIC_IPADDR", "not a host"},
        {"NULLWORKER_LISTEN_ADDRESS", "nowhere"},
    };
    for (const auto& [name, value] : wrong) {
        set(name, value);
        EXPECT_NE(error_of().find(name), std::string::npos) << name << "=" << value << ": " << error_of();
        const auto before = instance.find(name);
        if (before == instance.end())
            unset(name);
        else
            set(name, before->second);
    }
}

TEST_F(config_test, tls_is_turned_on_by_every_word_for_yes) {
    for (const auto* value : {"false", "False", "0", "no", "off", ""}) {
        set("USE_SSL", value);
        EXPECT_FALSE(settings_of().use_ssl) << value;
    }
    for (const auto* value : {"true", "True", "TRUE", "1", "yes", "on", " true\r\n", "\"true\""}) {
        set("USE_SSL", value);
        EXPECT_TRUE(settings_of().use_ssl) << value;
    }
    EXPECT_EQ(settings_of().own_url(3000), "https://203.0.113.7:40001");
    set("USE_SSL", "maybe");
    EXPECT_NE(error_of().find("USE_SSL"), std::string::npos) << error_of();
    EXPECT_NE(error_of().find("maybe"), std::string::npos) << error_of();
}

TEST_F(config_test, what_was_left_around_a_variable_is_trimmed_and_said) {
    const std::vector<std::pair<std::string, std::string>> untidy = {
        {"WORKER_PORT", "3000\n"},
        {"VAST_TCP_PORT_3000", "\"40001\""},
        {"PUBLIC_IPADDR", " 203.0.113.7 "},
        {"CONTAINER_ID", "4242\n"},
        {"REPORT_ADDR", "\xef\xbb\xbfhttps://a,https://b/\r\n"},
        {"MASTER_TOKEN", "the-master-token\n"},
        {"NULLWORKER_CREATE_AUTH", "open\r"},
        {"BACKEND_HEALTH_URL", "'http://127.0.0.1/health' "},
        {"NULLWORKER_STATE_DIR", "/a b \n"},
    };
    for (const auto& [name, value] : untidy)
        set(name, value);
    const auto read = settings_of();
    EXPECT_EQ(read.container_id, 4242);
    EXPECT_EQ(read.own_url(3000), "http://203.0.113.7:40001");
    EXPECT_EQ(read.report_addresses.size(), 2u);
    EXPECT_EQ(read.master_token, "the-master-token");
    EXPECT_EQ(read.create_auth, auth::create_policy::open);
    EXPECT_TRUE(read.health_target);
    EXPECT_EQ(read.state_dir, "/a b ");
    EXPECT_EQ(read.remarks.size(), untidy.size());
    const auto shown = shown_by({"--check"});
    EXPECT_NE(shown.find("\n# CONTAINER_ID is used without the line ends around its value\n"),
              std::string::npos)
        << shown;
    EXPECT_EQ(shown.find("the-master-token"), std::string::npos) << shown;
}

TEST_F(config_test, a_variable_of_nothing_but_blanks_is_not_set) {
    set("CONTAINER_ID", " \n");
    EXPECT_EQ(error_of().find("CONTAINER_ID is not set"), 0u) << error_of();
}

TEST_F(config_test, state_is_kept_in_the_workspace_if_it_has_a_directory_for_it) {
    const test::temporary_directory workspace;
    set("WORKSPACE_DIR", workspace.path());
    EXPECT_EQ(settings_of().state_dir, "");
    std::filesystem::create_directory(workspace.file("nullworker"));
    EXPECT_EQ(settings_of().state_dir, workspace.file("nullworker"));
    EXPECT_EQ(settings_of({"--state-dir", "none"}).state_dir, "");
    set("NULLWORKER_STATE_DIR", "/elsewhere");
    EXPECT_EQ(settings_of().state_dir, "/elsewhere");
}

TEST_F(config_test, a_state_directory_that_is_a_file_is_an_error) {
    const auto file = directory.write("file", "");
    for (const std::string& wrong : {file, file + "/below"})
        EXPECT_EQ(error_of({"--state-dir", wrong}),
                  "NULLWORKER_STATE_DIR (--state-dir) is '" + wrong + "', but " + file +
                      " is no directory; give one, or none to keep nothing");
    EXPECT_EQ(error_of({"--state-dir", directory.file("not/yet/there")}), "no error");
    EXPECT_EQ(error_of({"--state-dir", "/"}), "no error");
}

TEST_F(config_test, state_is_synced_only_when_asked_for) {
    EXPECT_FALSE(settings_of().state_sync);
    EXPECT_TRUE(settings_of({"--state-sync"}).state_sync);
    set("NULLWORKER_STATE_SYNC", "true");
    EXPECT_TRUE(settings_of().state_sync);
}

TEST_F(config_test, a_report_address_with_a_query_is_refused) {
    set("REPORT_ADDR", "https://a,https://b/?key=value");
    const auto error = error_of();
    EXPECT_NE(error.find("REPORT_ADDR"), std::string::npos) << error;
    EXPECT_NE(error.find("query"), std::string::npos) << error;
}

TEST_F(config_test, a_flag_beats_the_environment_which_beats_the_file) {
    const auto file =
        directory.write("daemon.conf", "control-port = 1111\nmax-perf = 50\nworker-http-port = 2222\n");
    set("NULL_CONTROL_PORT", "3333");
    set("NULLWORKER_MAX_PERF", "60");
    const auto read = settings_of({"--config", file, "--max-perf", "70"});
    EXPECT_EQ(read.control_port, 3333);
    EXPECT_EQ(read.max_perf, 70);
    EXPECT_EQ(read.webhook_port, 2222);
}

TEST_F(config_test, every_required_value_can_come_from_the_file) {
    for (const auto& [name, value] : instance)
        unset(name);
    const auto file =
        directory.write("daemon.conf",
                        "worker-port = 5000\npublic-port = 5001\npublic-address = \"worker.example\"\n"
                        "container-id = 7\nreport-address = \"http://127.0.0.1:8080\"\n");
    EXPECT_EQ(settings_of({"--config", file}).own_url(5000), "http://worker.example:5001");
}

TEST_F(config_test, an_unknown_key_in_the_file_is_an_error) {
    const auto file = directory.write("daemon.conf", "contorl-port = 1111\n");
    EXPECT_NE(error_of({"--config", file}).find("contorl-port"), std::string::npos)
        << error_of({"--config", file});
}

TEST_F(config_test, a_missing_file_is_an_error) {
    EXPECT_NE(error_of({"--config", directory.file("none")}).find("none"), std::string::npos);
}

TEST_F(config_test, check_prints_what_would_be_used_and_no_secret) {
    const auto text = std::get<print_and_exit>(read({"--check", "--max-perf", "70"})).text;
    EXPECT_NE(text.find("max-perf = 70"), std::string::npos) << text;
    EXPECT_NE(text.find("http://203.0.113.7:40001"), std::string::npos) << text;
    EXPECT_EQ(text.find("the-master-token"), std::string::npos) << text;
}

TEST_F(config_test, what_check_prints_can_be_used_as_a_file) {
    const auto text = std::get<print_and_exit>(read({"--check", "--max-perf", "70"})).text;
    for (const auto& [name, value] : instance)
        unset(name);
    const auto again = settings_of({"--config", directory.write("daemon.conf", text)});
    EXPECT_EQ(again.max_perf, 70);
    EXPECT_EQ(again.own_url(3000), "http://203.0.113.7:40001");
    EXPECT_EQ(again.report_addresses.size(), 2u);
}

TEST_F(config_test, what_check_prints_says_the_same_once_more) {
    const auto first =
        shown_by({"--check", "--create-auth", "open", "--on-dead-consumer", "release", "--log-level", "debug",
                  "--health-interval", "0.123456789", "--backend-health-url", "http://127.0.0.1/ok",
                  "--state-sync", "--worker-http-port", "7"});
    EXPECT_NE(first.find("\ncreate-auth = \"open\"\n"), std::string::npos) << first;
    EXPECT_NE(first.find("\non-dead-consumer = \"release\"\n"), std::string::npos) << first;
    EXPECT_NE(first.find("\nlog-level = \"debug\"\n"), std::string::npos) << first;
    const auto file = directory.write("daemon.conf", first);
    for (const auto& [name, value] : instance)
        unset(name);
    set("MASTER_TOKEN", instance.at("MASTER_TOKEN"));
    EXPECT_EQ(shown_by({"--check", "--config", file}), first);
}

TEST_F(config_test, check_shows_of_a_probe_and_a_console_what_is_no_secret) {
    const auto text = shown_by({"--check", "--backend-health-url", "exec:curl -u me:SECRET 127.0.0.1",
                                "--console-url", "https://console.example/?key=SECRET"});
    EXPECT_EQ(text.find("SECRET"), std::string::npos) << text;
    EXPECT_NE(text.find("\n# backend-health-url is set, to exec:…"), std::string::npos) << text;
    EXPECT_NE(text.find("\n# console-url is set, to https://console.example/"), std::string::npos) << text;
}

TEST_F(config_test, no_error_repeats_the_password_of_a_url) {
    for (const auto* flag : {"--backend-health-url", "--console-url", "--report-address"}) {
        const auto error = error_of({flag, "http://admin:SECRET@127.0.0.1/health?SECRET"});
        EXPECT_EQ(error.find("SECRET"), std::string::npos) << error;
        EXPECT_NE(error.find("127.0.0.1/health"), std::string::npos) << error;
    }
}

TEST_F(config_test, a_word_that_is_none_is_answered_with_the_words) {
    EXPECT_EQ(
        error_of({"--create-auth", "maybe"}),
        "NULLWORKER_CREATE_AUTH or --create-auth: maybe is none of signed, open; see nullworkerd --help");
}

TEST_F(config_test, help_names_every_variable_of_the_contract) {
    const auto text = std::get<print_and_exit>(read({"--help"})).text;
    for (const auto* name : {"WORKER_PORT", "WORKER_HTTP_PORT", "VAST_TCP_PORT_", "PUBLIC_IPADDR",
                             "CONTAINER_ID", "REPORT_ADDR", "MASTER_TOKEN", "USE_SSL", "UNSECURED",
                             "BACKEND_HEALTH_URL", "NULL_CONTROL_PORT", "NULLWORKER_CREATE_AUTH"})
        EXPECT_NE(text.find(name), std::string::npos) << name;
}

TEST_F(config_test, an_ipv6_address_is_put_in_brackets) {
    set("PUBLIC_IPADDR", "2001:db8::1");
    EXPECT_EQ(settings_of().own_url(3000), "http://[2001:db8::1]:40001");
}

TEST_F(config_test, a_switch_needs_no_value) {
    const auto read = settings_of({"--unsecured", "--use-ssl"});
    EXPECT_TRUE(read.unsecured);
    EXPECT_TRUE(read.use_ssl);
    set("UNSECURED", "true");
    EXPECT_TRUE(settings_of().unsecured);
}

TEST_F(config_test, the_file_can_be_named_by_a_variable) {
    set("NULLWORKER_CONFIG", directory.write("daemon.conf", "max-perf = 50\n"));
    EXPECT_EQ(settings_of().max_perf, 50);
    set("NULLWORKER_CONFIG", directory.file("none"));
    EXPECT_NE(error_of().find("none"), std::string::npos) << error_of();
}

TEST_F(config_test, numbers_that_are_none_are_refused) {
    for (const auto* value : {"nan", "inf", "-inf", "1e400"}) {
        EXPECT_NE(error_of({"--max-perf", value}).find("--max-perf"), std::string::npos) << value;
        EXPECT_NE(error_of({"--drain-timeout", value}).find("--drain-timeout"), std::string::npos) << value;
    }
}

TEST_F(config_test, a_drain_time_out_is_protected_or_a_number) {
    EXPECT_FALSE(settings_of().drain_timeout);
    EXPECT_FALSE(settings_of({"--drain-timeout", "protected"}).drain_timeout);
    EXPECT_EQ(settings_of({"--drain-timeout", "2.5"}).drain_timeout, seconds(2.5));
    EXPECT_EQ(settings_of({"--drain-timeout", "0"}).drain_timeout, seconds(0));
    for (const auto* value : {"-1", "1e9", "soon", "1s", ""})
        EXPECT_NE(error_of({"--drain-timeout", value}).find("drain-timeout"), std::string::npos) << value;
}

TEST_F(config_test, check_tells_what_becomes_of_the_certificate) {
    const auto without_tls = shown_by({"--check"});
    EXPECT_EQ(without_tls.find("certificate will"), std::string::npos) << without_tls;
    set("USE_SSL", "true");
    const auto ordered = shown_by({"--check", "--tls-certificate", "/nonexistent.crt"});
    EXPECT_NE(ordered.find("signed by https://console.vast.ai: cannot use /nonexistent.crt"),
              std::string::npos)
        << ordered;
    const auto own = shown_by({"--check", "--tls-certificate", "/nonexistent.crt", "--tls-self-signed"});
    EXPECT_NE(own.find("by the worker itself: cannot use /nonexistent.crt"), std::string::npos) << own;
}

TEST_F(config_test, a_console_that_is_no_url_is_refused) {
    EXPECT_NE(error_of({"--console-url", "console"}).find("NULLWORKER_CONSOLE_URL"), std::string::npos);
}

TEST_F(config_test, empty_is_taken_where_it_means_something) {
    EXPECT_FALSE(settings_of({"--backend-health-url", ""}).health_target);
    EXPECT_FALSE(settings_of({}).awaits_consumer());
    EXPECT_EQ(settings_of({"--control-socket", ""}).control_socket, "");
    EXPECT_EQ(settings_of({"--master-token", ""}).master_token, "");
    EXPECT_EQ(
        error_of({"--state-dir", ""}),
        "NULLWORKER_STATE_DIR or --state-dir: an empty value means nothing; leave it out; see nullworkerd "
        "--help");
}

TEST_F(config_test, who_expects_heartbeats_waits_for_the_first_sign_of_life_unless_a_probe_tells_more) {
    EXPECT_TRUE(settings_of({"--backend-health-url", "heartbeat:"}).awaits_consumer());
    EXPECT_TRUE(settings_of({"--heartbeat-timeout", "5"}).awaits_consumer());
    EXPECT_TRUE(settings_of({"--heartbeat-timeout", "5", "--backend-health-url", ""}).awaits_consumer());
    EXPECT_FALSE(settings_of({"--heartbeat-timeout", "0"}).awaits_consumer());
    EXPECT_FALSE(
        settings_of({"--heartbeat-timeout", "5", "--backend-health-url", "exec:true"}).awaits_consumer());
    const auto text = shown_by({"--check", "--heartbeat-timeout", "5"});
    EXPECT_NE(text.find("\nbackend-health-url = \"heartbeat:\"\n"), std::string::npos) << text;
}

TEST_F(config_test, the_consumers_server_is_that_of_an_http_probe_unless_it_is_named) {
    EXPECT_FALSE(settings_of().consumer_server());
    EXPECT_FALSE(settings_of({"--backend-health-url", "tcp://127.0.0.1:1"}).consumer_server());
    const std::vector<std::string> probe = {"--backend-health-url", "http://127.0.0.1:1/health?x"};
    EXPECT_EQ(settings_of(probe).consumer_server()->text(), "http://127.0.0.1:1/");
    set("NULLWORKER_CONSUMER_URL", "http://127.0.0.1:2");
    EXPECT_EQ(settings_of(probe).consumer_server()->text(), "http://127.0.0.1:2/");
}

TEST_F(config_test, a_consumer_that_is_no_url_is_refused) {
    for (const auto* wrong : {"consumer", "http://127.0.0.1/?x=1"})
        EXPECT_NE(error_of({"--consumer-url", wrong}).find("NULLWORKER_CONSUMER_URL"), std::string::npos);
}

TEST_F(config_test, a_mistyped_secret_is_not_repeated) {
    const auto error = error_of({"--mastertoken", "s3cret", "--other=s3cret"});
    EXPECT_EQ(error.find("s3cret"), std::string::npos) << error;
    EXPECT_NE(error.find("--mastertoken"), std::string::npos) << error;
}

// What is known for an error report, where the configuration is wrong.
std::optional<settings> known_from(const std::vector<std::string>& arguments) {
    std::vector<const char*> argv = {"nullworkerd"};
    argv.reserve(arguments.size() + 1);
    for (const auto& argument : arguments)
        argv.push_back(argument.c_str());
    try {
        (void)read_config(static_cast<int>(argv.size()), argv.data());
    } catch (const config_error& e) {
        return e.known();
    }
    return std::nullopt;
}

TEST_F(config_test, an_error_is_reported_in_the_name_of_the_worker_it_is_about) {
    set("USE_SSL", "true");
    const auto known = known_from({"--max-perf", "abc"});
    ASSERT_TRUE(known);
    EXPECT_EQ(known->container_id, 4242);
    EXPECT_EQ(known->report_addresses.size(), 2u);
    EXPECT_EQ(known->master_token, "the-master-token");
    EXPECT_EQ(known->own_url(0), "https://203.0.113.7:40001");
}

TEST_F(config_test, flags_say_where_an_error_is_reported) {
    const auto known =
        known_from({"--report-address", "http://127.0.0.1:1", "--container-id", "5", "--max-perf", "abc"});
    ASSERT_TRUE(known);
    EXPECT_EQ(known->container_id, 5);
    ASSERT_EQ(known->report_addresses.size(), 1u);
    EXPECT_EQ(known->report_addresses[0].host, "127.0.0.1");
}

TEST_F(config_test, check_and_an_unknown_worker_report_nothing) {
    EXPECT_FALSE(known_from({"--check", "--max-perf", "abc"}));
    set("CONTAINER_ID", "x");
    EXPECT_FALSE(known_from({}));
}

}  // namespace
}  // namespace nullworker::app
