#include <nullworker/wire/routing.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace nullworker::wire {
namespace {

using nlohmann::json;

TEST(route_request, is_written_with_the_contracts_fields) {
    const route_request request{.endpoint = "e", .api_key = "k", .cost = 2.5, .request_idx = 7};
    EXPECT_EQ(json::parse(to_json(request)), json::parse(R"({"endpoint": "e", "api_key": "k", "cost": 2.5,
        "request_idx": 7, "replay_timeout": 60.0})"));
}

TEST(route_request, takes_defaults_for_absent_fields) {
    const auto request = parse_route_request(R"({"endpoint": "e"})");
    ASSERT_TRUE(request.has_value());
    EXPECT_EQ(request->endpoint, "e");
    EXPECT_EQ(request->cost, 100.0);
    EXPECT_EQ(request->request_idx, 0);
    EXPECT_EQ(request->replay_timeout, 60.0);
}

TEST(route_request, is_refused_with_a_cost_that_is_none) {
    for (const char* body :
         {R"({"cost": 0})", R"({"cost": -1})", R"({"cost": "1"})", "[]", "7", R"({"request_idx": 1e300})"})
        EXPECT_EQ(parse_route_request(body).error(), errc::unexpected_message) << body;
    EXPECT_EQ(parse_route_request(R"({"cost": 1e400})").error(), errc::invalid_json);
}

TEST(route_reply, is_ready_with_a_url_and_keeps_the_whole_grant) {
    const char* body = R"({"url": "https://h:1", "endpoint": "e", "cost": 100, "reqnum": 3,
                           "request_idx": 7, "signature": "s", "__request_id": "x"})";
    const auto reply = parse_route_reply(body);
    ASSERT_TRUE(reply.has_value());
    ASSERT_TRUE(reply->worker.has_value());
    EXPECT_EQ(reply->worker->url, "https://h:1");
    EXPECT_EQ(reply->worker->grant, json_value::parse(body).value());
    EXPECT_EQ(reply->request_idx, 7);
}

TEST(route_reply, asks_to_wait_without_a_url) {
    struct row {
        const char* body;
        const char* status;
        std::int64_t request_idx;
    };
    const row table[] = {
        {R"({"endpoint": "e", "status": "no workers", "request_idx": 7})", "no workers", 7},
        {R"({"endpoint": "e", "request_idx": 7})", "waiting", 7},
        {R"({"status": "s"})", "s", 0},
        {R"({})", "waiting", 0},
        {R"({"url": null, "status": "s", "request_idx": 7})", "s", 7},
        {R"({"url": null, "status": null, "request_idx": null})", "waiting", 0},
    };
    for (const auto& row : table) {
        SCOPED_TRACE(row.body);
        const auto reply = parse_route_reply(row.body);
        ASSERT_TRUE(reply.has_value());
        EXPECT_FALSE(reply->worker.has_value());
        EXPECT_EQ(reply->status, row.status);
        EXPECT_EQ(reply->request_idx, row.request_idx);
    }
}

TEST(route_reply, is_refused_where_it_is_none) {
    for (const char* body : {"[1]", R"("busy")", "7", "true", R"({"url": 7})", R"({"request_idx": 1e300})",
                             R"({"request_idx": 9223372036854775808})"})
        EXPECT_EQ(parse_route_reply(body).error(), errc::unexpected_message) << body;
    EXPECT_EQ(parse_route_reply("<html>").error(), errc::invalid_json);
}

TEST(route_reply, reads_what_an_autoscaler_writes) {
    const signed_grant grant{"http://h:1", "e", 100.0, 1, 2, "s"};
    const auto ready = parse_route_reply(to_json(grant));
    ASSERT_TRUE(ready.has_value() && ready->worker.has_value());
    EXPECT_EQ(ready->request_idx, 2);
    const auto waiting = parse_route_reply(route_waiting("e", "starting", 2));
    ASSERT_TRUE(waiting.has_value());
    EXPECT_FALSE(waiting->worker.has_value());
    EXPECT_EQ(waiting->status, "starting");
}

TEST(endpoint_list, survives_the_way_there_and_back) {
    endpoint_info endpoint;
    endpoint.id = 5;
    endpoint.endpoint_name = "bench";
    endpoint.api_key = "key";
    endpoint.target_util = 0.9;
    endpoint.max_workers = 16;
    const auto parsed = parse_endpoint_list(endpoint_list({endpoint, {}}));
    ASSERT_TRUE(parsed.has_value());
    ASSERT_EQ(parsed->size(), 2U);
    EXPECT_EQ(endpoint_list(*parsed), endpoint_list({endpoint, {}}));
    EXPECT_EQ(json::parse(endpoint_single(endpoint))["result"]["endpoint_name"], "bench");
}

TEST(endpoint_list, tells_what_was_never_set_from_zero) {
    const auto parsed = parse_endpoint_list(
        R"({"success": true, "results": [{"id": 5, "endpoint_name": "a", "max_workers": null, "new": 1}]})");
    ASSERT_TRUE(parsed.has_value());
    ASSERT_EQ(parsed->size(), 1U);
    EXPECT_EQ(parsed->front().endpoint_name, "a");
    EXPECT_EQ(parsed->front().max_workers, std::nullopt);
    EXPECT_EQ(parsed->front().inactivity_timeout, std::nullopt);
    EXPECT_EQ(parsed->front().endpoint_state, "active");
}

TEST(endpoint_list, knows_the_cold_workers_by_the_consoles_name_too) {
    const auto parsed = parse_endpoint_list(
        R"({"results": [{"min_workers": 5}, {"min_workers": 5, "cold_workers": 2}, {"cold_workers": 1e300}]})");
    ASSERT_FALSE(parsed.has_value()) << "a number beyond 64 bits is refused";
    const auto known = parse_endpoint_list(
        R"({"results": [{"min_workers": 5}, {"min_workers": 5, "cold_workers": 2}, {"cold_workers": "3"}]})");
    ASSERT_TRUE(known.has_value());
    EXPECT_EQ((*known)[0].cold_workers, 5);
    EXPECT_EQ((*known)[1].cold_workers, 2);
    EXPECT_EQ((*known)[2].cold_workers, 3);
}

TEST(endpoint_list, is_refused_where_it_is_none) {
    for (const char* body : {"[]", "{}", "null", R"({"results": [7]})", R"({"results": [[]]})",
                             R"({"success": false, "msg": "no"})"})
        EXPECT_EQ(parse_endpoint_list(body).error(), errc::unexpected_message) << body;
    EXPECT_EQ(parse_endpoint_list("").error(), errc::invalid_json);
}

TEST(workers, survive_the_way_there_and_back) {
    worker_info worker;
    worker.id = 9;
    worker.status = "idle";
    worker.perf = 100.0;
    worker.reqs_working = 1;
    const auto text = to_json(std::vector{worker});
    const auto parsed = parse_workers(text);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(to_json(*parsed), text);
}

TEST(workers, take_defaults_for_nulls) {
    const auto parsed = parse_workers(R"([{"id": 9, "status": "loading", "loaded_at": null, "perf": null}])");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->at(0).status, "loading");
    EXPECT_EQ(parsed->at(0).loaded_at, 0.0);
}

TEST(workers, may_stand_in_an_object) {
    const auto parsed = parse_workers(R"({"workers": [{"id": 9, "status": "idle"}]})");
    ASSERT_TRUE(parsed.has_value());
    ASSERT_EQ(parsed->size(), 1U);
    EXPECT_EQ(parsed->front().id, 9);
}

TEST(workers, are_read_where_their_figures_are_texts_or_nothing_that_is_known) {
    const auto parsed = parse_workers(R"([{"id": "9", "status": null, "perf": "99.5", "reqs_working": "2",
                                           "cur_load": "much", "dlperf": [], "disk_usage": "nan"},
                                          {"id": 10, "status": 5}, {"id": 11, "status": ""}])");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->at(0).id, 9);
    EXPECT_EQ(parsed->at(0).perf, 99.5);
    EXPECT_EQ(parsed->at(0).reqs_working, 2);
    EXPECT_EQ(parsed->at(0).cur_load, 0.0);
    EXPECT_EQ(parsed->at(0).disk_usage, 0.0);
    for (const auto& worker : *parsed)
        EXPECT_EQ(worker.status, "UNKNOWN");
}

TEST(endpoint_list, is_read_where_figures_are_texts) {
    const auto parsed = parse_endpoint_list(
        R"({"results": [{"id": "5", "endpoint_name": "7", "api_key": null, "max_workers": "3"}]})");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->front().id, 5);
    EXPECT_EQ(parsed->front().endpoint_name, "7");
    EXPECT_EQ(parsed->front().max_workers, 3);
}

TEST(route_reply, that_says_nothing_or_little_means_to_wait) {
    for (const char* body :
         {"null", "[]", "{}", "0", "false", R"("")", R"({"url": null})", R"({"status": 5})"}) {
        const auto reply = parse_route_reply(body);
        ASSERT_TRUE(reply.has_value()) << body;
        EXPECT_FALSE(reply->worker) << body;
        EXPECT_EQ(reply->status, "waiting") << body;
        EXPECT_EQ(reply->request_idx, 0) << body;
    }
    EXPECT_EQ(parse_route_reply(R"({"request_idx": "7"})")->request_idx, 7);
    EXPECT_EQ(parse_route_reply(R"({"error_msg": "no credit"})")->status, "no credit");
    EXPECT_EQ(parse_route_reply(R"({"status": "queued", "error_msg": "no credit"})")->status,
              "queued; no credit");
}

TEST(workers, are_refused_where_they_are_none) {
    for (const char* body :
         {"{}", "null", "[7]", "[[]]", R"([{"id": -1e19}])", R"([{"reqs_working": 1e300}])"})
        EXPECT_EQ(parse_workers(body).error(), errc::unexpected_message) << body;
}

TEST(workers_request, survives_the_way_there_and_back) {
    const auto parsed = parse_workers_request(to_json(workers_request{.id = 5, .api_key = "k"}));
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->id, 5);
    EXPECT_EQ(parsed->api_key, "k");
}

TEST(client_bodies, are_what_a_worker_reads) {
    const auto grant = json_value::parse(R"({"url": "http://h:1", "endpoint": "e", "cost": 100, "reqnum": 3,
                                             "request_idx": 7, "signature": "s", "__request_id": "x"})")
                           .value();
    const create_parameters parameters{.lifetime = seconds(5),
                                       .on_close_route = "/closed",
                                       .on_close_payload = json_value::parse("[1]").value()};
    const auto create = parse_create(create_body(grant, parameters), {});
    ASSERT_TRUE(create.has_value());
    EXPECT_EQ(create->grant.document, grant);
    EXPECT_EQ(create->lifetime.count(), 5.0);
    EXPECT_EQ(create->on_close_route, "/closed");
    EXPECT_EQ(create->on_close_payload, parameters.on_close_payload);

    const auto reference = parse_session_reference(session_body("id", grant));
    ASSERT_TRUE(reference.has_value());
    EXPECT_EQ(reference->session_id, "id");
    EXPECT_EQ(reference->session_auth, grant);

    const auto ping = parse_ping(ping_body("id", grant), grant_form::complete);
    ASSERT_TRUE(ping.has_value());
    EXPECT_EQ(ping->session_id, "id");
    EXPECT_EQ(ping->grant.request_idx, 7);
}

TEST(created_session, is_read_from_the_workers_reply) {
    const auto session = parse_session_created(session_created("Ab3", 1790000000.5));
    ASSERT_TRUE(session.has_value());
    EXPECT_EQ(session->session_id, "Ab3");
    EXPECT_EQ(session->expiration, 1790000000.5);
    for (const char* body : {"{}", "[]", R"({"session_id": "a"})", R"({"session_id": 7, "expiration": 1})"})
        EXPECT_EQ(parse_session_created(body).error(), errc::unexpected_message) << body;
}

TEST(parse_ok, takes_true_and_false_and_nothing_else) {
    EXPECT_EQ(parse_ok(R"({"ok": true})"), true);
    EXPECT_EQ(parse_ok(R"({"ok": false})"), false);
    for (const char* body :
         {R"({"ok": 1})", R"({"ok": "true"})", R"({"ok": null})", "{}", "true", "[]", "", "{", "<html>"})
        EXPECT_EQ(parse_ok(body), std::nullopt) << body;
}

TEST(parse_error, finds_the_text_or_shows_the_bodys_beginning) {
    EXPECT_EQ(parse_error(error("no such session")), "no such session");
    EXPECT_EQ(parse_error("502 Bad Gateway"), "502 Bad Gateway");
    EXPECT_EQ(parse_error(R"({"error_msg": "no such endpoint"})"), "no such endpoint");
    EXPECT_EQ(parse_error(R"({"success": false, "error": "auth_error", "msg": "no such user"})"),
              "auth_error: no such user");
    EXPECT_EQ(parse_error(R"({"error": "no such user", "msg": "no such user"})"), "no such user");
    EXPECT_EQ(parse_error(R"({"error": 7})"), R"({"error": 7})");
    EXPECT_EQ(parse_error("[]"), "[]");
    EXPECT_EQ(parse_error(std::string(1000, 'x')), std::string(200, 'x'));
    EXPECT_EQ(parse_error(""), "");
}

}  // namespace
}  // namespace nullworker::wire
