// Where no daemon runs, deploy/onstart.sh tells the autoscaler so itself: with a report of its own making.

#include "support/program.hpp"
#include "support/temporary_directory.hpp"

#include <nullworker/wire/status_report.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace nullworker {
namespace {

using nlohmann::json;

// A curl that keeps its arguments and what it is to post beside itself, and connects to nobody.
constexpr const char* keeping_curl = R"sh(#!/bin/sh
echo "$*" >"$KEPT/arguments"
sed 's/\\\(["\\]\)/\1/g' >"$KEPT/config"
sed -n 's/^url = "\(.*\)"$/\1/p' "$KEPT/config" >"$KEPT/address"
sed -n 's/^data-binary = "\(.*\)"$/\1/p' "$KEPT/config" >"$KEPT/body"
)sh";

// Runs the script with a setting that it refuses; it then reports, and ends.
class onstart_report_test : public testing::Test {
protected:
    void refuse_to_start(const std::map<std::string, std::string>& environment,
                         const std::vector<std::string>& shell = {"sh"}) {
        namespace fs = std::filesystem;
        const auto curl = x_folder.write("curl", keeping_curl);
        fs::permissions(curl, fs::perms::owner_all);
        auto variables = environment;
        variables["KEPT"] = x_folder.path();
        variables["WORKSPACE_DIR"] = x_folder.path();
        variables.try_emplace("REPORT_ADDR", "http://127.0.0.1:1");
        std::vector<std::string> command = {"/usr/bin/env",
                                            "PATH=" + x_folder.path().string() + ":/usr/bin:/bin"};
        command.insert(command.end(), shell.begin(), shell.end());
        command.push_back(NULLWORKER_ONSTART);
        test::program script(command, variables);
        EXPECT_EQ(script.wait(), 2) << script.out() << script.err();
        EXPECT_EQ(test::read_file(x_folder.file("address")), variables["REPORT_ADDR"] + "/worker_status/\n");
        arguments = test::read_file(x_folder.file("arguments"));
        body = test::read_file(x_folder.file("body"));
        log = test::read_file(x_folder.file("debug.log"));
    }

    std::string arguments;
    std::string body;
    std::string log;

private:
    test::temporary_directory x_folder;
};

// The members by name, and each of the same type: an integer is not written as a fraction, nor the other way.
void expect_same(const json& actual, const json& expected) {
    for (const auto& [name, value] : expected.items()) {
        ASSERT_TRUE(actual.contains(name)) << name;
        EXPECT_EQ(actual[name], value) << name;
        EXPECT_STREQ(actual[name].type_name(), value.type_name()) << name;
        EXPECT_EQ(actual[name].is_number_float(), value.is_number_float()) << name;
    }
    EXPECT_EQ(actual.size(), expected.size()) << actual;
}

TEST_F(onstart_report_test, has_the_members_of_the_daemons_report_and_no_others) {
    refuse_to_start({{"CONTAINER_ID", "4242"},
                     {"MASTER_TOKEN", "master \"token\""},
                     {"PUBLIC_IPADDR", "203.0.113.7"},
                     {"WORKER_PORT", "3000"},
                     {"VAST_TCP_PORT_3000", "40001"},
                     {"USE_SSL", "true"},
                     {"STOP_GRACE", "a \"b\\"}});
    const wire::status_report daemons{.id = 4242,
                                      .mtoken = "master \"token\"",
                                      .error_msg = "STOP_GRACE=a \"b\\ is not a whole number",
                                      .url = "https://203.0.113.7:40001"};
    expect_same(json::parse(body), json::parse(wire::to_json(daemons)));
}

TEST_F(onstart_report_test, follows_a_redirect_but_not_from_https_to_http) {
    for (const auto& [address, allowed] :
         {std::pair("http://127.0.0.1:1", "=http,https "), {"https://127.0.0.1:1", "=https "}}) {
        refuse_to_start({{"CONTAINER_ID", "1"}, {"STOP_GRACE", "x"}, {"REPORT_ADDR", address}});
        EXPECT_NE(arguments.find(std::string("L --max-redirs 3 --proto-redir ") + allowed), arguments.npos)
            << arguments;
    }
}

TEST_F(onstart_report_test, is_printable_ascii_in_every_shell_whatever_it_is_made_of) {
    for (const std::vector<std::string>& shell :
         {std::vector<std::string>{"sh"}, {"dash"}, {"bash"}, {"busybox", "sh"}}) {
        if (!std::filesystem::exists("/usr/bin/" + shell[0]) && !std::filesystem::exists("/bin/" + shell[0]))
            continue;
        SCOPED_TRACE(shell[0]);
        refuse_to_start({{"CONTAINER_ID", "1"},
                         {"MASTER_TOKEN", "to\xff\x80\"ken\\"},
                         {"PUBLIC_IPADDR", "\x1b]0;\xc2\x9b"},
                         {"NULLWORKER_REPORT_VERSION", "1\n2\t"},
                         {"STOP_GRACE", "\xe2\x80\xae\x7f!"}},
                        shell);
        EXPECT_EQ(body.find_first_of("\x1b\x7f\xff\x80\xc2\xe2"), body.npos) << body;
        const auto report = wire::parse_status_report(body);
        ASSERT_TRUE(report) << body;
        EXPECT_EQ(report->mtoken, "to  \"ken\\");
        EXPECT_EQ(report->error_msg, "STOP_GRACE=    ! is not a whole number");
    }
}

TEST_F(onstart_report_test, is_sent_to_an_address_whose_password_nobody_sees) {
    refuse_to_start(
        {{"CONTAINER_ID", "1"}, {"STOP_GRACE", "x"}, {"REPORT_ADDR", "http://user:hush@127.0.0.1:1"}});
    EXPECT_EQ(arguments.find("hush"), arguments.npos) << arguments;
    EXPECT_EQ(log.find("hush"), log.npos) << log;
}

TEST_F(onstart_report_test, can_be_read_where_nothing_is_known_of_the_worker) {
    refuse_to_start({{"CONTAINER_ID", "1"}, {"STOP_GRACE", "x"}});
    const auto report = wire::parse_status_report(body);
    ASSERT_TRUE(report) << body;
    EXPECT_EQ(report->max_perf, 0);
}

}  // namespace
}  // namespace nullworker
