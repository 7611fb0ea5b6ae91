#include <vast/account_view.hpp>
#include <vast/refusal.hpp>

#include <memory>
#include <utility>

namespace nullworker::client {
namespace {

// What a message was read from, where it could not be read.
failure unreadable(const char* what, const net::reply& answer) {
    return {std::string(what) + ": cannot read the answer: " + wire::parse_error(answer.body)};
}

}  // namespace

account_view::account_view(asio::any_io_executor executor, service where)
    : x_executor(std::move(executor)),
      x_where(std::move(where)),
      x_out(std::make_shared<net::tls_trust>(x_where.roots)) {}

failure account_view::cleaned(failure why) const {
    why.message = without_key(std::move(why.message), x_where.account_key);
    return why;
}

net::call account_view::get(const char* path) const {
    net::call out{.target = join(x_where.console, path), .limit = serverless::call_limit};
    out.headers.emplace_back("Authorization", "Bearer " + x_where.account_key);
    return out;
}

asio::awaitable<outcome<net::reply>> account_view::ask(net::call request, const char* what) {
    const auto origin = request.target.origin();
    net::http_client client(x_executor, x_out);
    auto answer = co_await client.send(std::move(request));
    if (!answer)
        co_return failure{std::string(what) + ": " + origin + ": " + answer.error().message(),
                          /*retryable=*/true, 0, answer.error()};
    if (!net::is_success(*answer))
        co_return cleaned(refused(what, *answer));
    co_return std::move(*answer);
}

asio::awaitable<outcome<std::vector<wire::endpoint_info>>> account_view::endpoints() {
    constexpr const char* what = "cannot list the endpoints";
    auto question = get("/api/v0/endptjobs/?client_id=me");
    const auto answer = co_await ask(std::move(question), what);
    if (!answer)
        co_return answer.error();
    auto told = wire::parse_endpoint_list(answer->body);
    if (!told)
        co_return cleaned(unreadable(what, *answer));
    co_return std::move(*told);
}

asio::awaitable<outcome<std::vector<wire::workergroup_info>>> account_view::workergroups() {
    constexpr const char* what = "cannot list the workergroups";
    auto question = get("/api/v0/workergroups/");
    auto answer = co_await ask(std::move(question), what);
    if (!answer && answer.error().status == status_not_found) {
        auto by_old_name = get("/api/v0/autojobs/");
        answer = co_await ask(std::move(by_old_name), what);
    }
    if (!answer)
        co_return answer.error();
    auto told = wire::parse_workergroups(answer->body);
    if (!told)
        co_return cleaned(unreadable(what, *answer));
    co_return std::move(*told);
}

asio::awaitable<outcome<wire::account_info>> account_view::account() {
    constexpr const char* what = "cannot read the account";
    auto question = get("/api/v0/users/current/");
    const auto answer = co_await ask(std::move(question), what);
    if (!answer)
        co_return answer.error();
    auto told = wire::parse_account(answer->body);
    if (!told)
        co_return failure{std::string(what) + ": " + told.error().message()};  // a key is in the answer
    co_return *told;
}

asio::awaitable<outcome<std::vector<wire::instance_info>>> account_view::instances() {
    constexpr const char* what = "cannot list the instances";
    auto question = get("/api/v0/instances/");
    question.max_reply_bytes = 16 * 1024 * 1024;  // some kilobytes are told of each
    const auto answer = co_await ask(std::move(question), what);
    if (!answer)
        co_return answer.error();
    auto told = wire::parse_instances(answer->body);
    if (!told)
        co_return failure{std::string(what) + ": " + told.error().message()};  // tokens are in the answer
    co_return std::move(*told);
}

asio::awaitable<outcome<wire::endpoint_logs>> account_view::logs(std::int64_t endpoint) {
    constexpr const char* what = "cannot read the endpoint's log";
    net::call question{.method = net::verb::post,
                       .target = join(x_where.autoscaler, "/get_endpoint_logs/"),
                       .body = wire::to_json(wire::logs_request{endpoint, x_where.account_key}),
                       .limit = serverless::call_limit};
    question.headers.emplace_back("Authorization", "Bearer " + x_where.account_key);
    const auto answer = co_await ask(std::move(question), what);
    if (!answer)
        co_return answer.error();
    auto told = wire::parse_endpoint_logs(answer->body);
    if (!told)
        co_return cleaned(unreadable(what, *answer));
    for (auto* log : {&told->info0, &told->info1, &told->trace, &told->debug})
        *log = without_key(std::move(*log), x_where.account_key);
    co_return std::move(*told);
}

asio::awaitable<outcome<net::reply>> account_view::knock(std::string endpoint) {
    net::call question{.method = net::verb::post,
                       .target = join(x_where.autoscaler, "/route/"),
                       .body = wire::to_json(wire::route_request{.endpoint = std::move(endpoint)}),
                       .limit = serverless::call_limit};
    const auto origin = question.target.origin();
    net::http_client client(x_executor, x_out);
    auto answer = co_await client.send(std::move(question));
    if (!answer)
        co_return failure{origin + ": " + answer.error().message(), /*retryable=*/true, 0, answer.error()};
    co_return std::move(*answer);
}

}  // namespace nullworker::client
