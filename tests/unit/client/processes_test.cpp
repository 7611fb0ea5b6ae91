#include <gtest/gtest.h>

#include <doctor/processes.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace nullworker::client {
namespace {

using namespace std::string_view_literals;

process_facts running(std::int64_t id, std::int64_t parent, std::vector<std::string> words) {
    return {id, parent, std::move(words)};
}

TEST(processes, what_starts_a_worker_is_known_by_its_command_line) {
    struct known {
        std::vector<std::string> words;
        process_role role;
    };
    const known all[] = {
        {{"/opt/nullworker/nullworkerd", "--state-dir", "/x"}, process_role::daemon},
        {{"/bin/sh", "/opt/nullworker/onstart.sh"}, process_role::onstart},
        {{"/bin/bash", "-e", "/root/onstart.sh"}, process_role::onstart},
        {{"busybox", "sh", "./onstart.sh", "--background"}, process_role::onstart},
        {{"bash", "/opt/start_server.sh"}, process_role::start_script},
        {{"python3", "-m", "worker"}, process_role::python_worker},
        {{"/workspace/worker-env/bin/python3", "-u", "-m", "workers.openai.worker"},
         process_role::python_worker},
        {{"python3.10", "/workspace/vast-pyworker/worker.py"}, process_role::python_worker},
        {{"/usr/bin/python3", "/usr/bin/supervisord", "-n"}, process_role::supervisor},
        {{"supervisord"}, process_role::supervisor},
        {{"vim", "onstart.sh"}, process_role::none},
        {{"sh", "-c", "cat onstart.sh"}, process_role::none},
        {{"python3", "-m", "http.server"}, process_role::none},
        {{"python3", "-c", "worker.py"}, process_role::none},
        {{"tail", "nullworkerd.log"}, process_role::none},
        {{}, process_role::none},
    };
    for (const auto& [words, role] : all)
        EXPECT_EQ(role_of(running(1, 0, words)), role) << (words.empty() ? "nothing" : words.back());
}

TEST(processes, a_starter_that_was_started_by_another_one_does_not_count) {
    const std::vector<process_facts> all = {
        running(1, 0, {"/bin/init"}),
        running(10, 1, {"bash", "/root/onstart.sh"}),
        running(11, 10, {"/bin/sh", "/opt/nullworker/onstart.sh"}),
        running(12, 11, {"/bin/sh", "/opt/nullworker/onstart.sh"}),
        running(13, 11, {"nullworkerd"}),
        running(20, 1, {"supervisord"}),
        running(21, 20, {"sh", "-c", "run"}),
        running(22, 21, {"python3", "-m", "worker"}),
    };
    const auto found = starters(all);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(name_of(found[0]), "onstart.sh (process 10)");
    EXPECT_EQ(name_of(found[1]), "worker (process 22)");
    EXPECT_EQ(ancestor(all[4], process_role::supervisor, all), nullptr);
    EXPECT_EQ(ancestor(all[7], process_role::supervisor, all), &all[5]);
}

TEST(processes, a_circle_of_parents_ends) {
    const std::vector<process_facts> all = {running(1, 2, {"a"}), running(2, 1, {"b"}),
                                            running(3, 1, {"sh", "onstart.sh"})};
    EXPECT_EQ(starters(all).size(), 1U);
    EXPECT_EQ(ancestor(all[0], process_role::supervisor, all), nullptr);
}

TEST(processes, the_flags_of_a_daemon_beat_its_variables) {
    const auto told = variables_of("WORKER_PORT=3000\0PUBLIC_IPADDR=1.2.3.4\0EMPTY=\0no equals sign\0"sv,
                                   {"nullworkerd", "--worker-port", "4000", "--public-port=5000", "--use-ssl",
                                    "--unsecured", "--state-dir=/x=y"});
    EXPECT_EQ(told.at("WORKER_PORT"), "4000");
    EXPECT_EQ(told.at("VAST_TCP_PORT_4000"), "5000");
    EXPECT_EQ(told.at("PUBLIC_IPADDR"), "1.2.3.4");
    EXPECT_EQ(told.at("USE_SSL"), "true");
    EXPECT_EQ(told.at("UNSECURED"), "true");
    EXPECT_EQ(told.at("NULLWORKER_STATE_DIR"), "/x=y");
    EXPECT_EQ(told.at("EMPTY"), "");
    EXPECT_EQ(told.size(), 7U);
}

}  // namespace
}  // namespace nullworker::client
