#include <nullworker/base/log.hpp>
#include <nullworker/consumer/close_callbacks.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <utility>

namespace nullworker::consumer {
namespace {

constexpr std::size_t max_concurrent = 64;
constexpr auto limit = std::chrono::seconds(10);

net::call callback_to(url target, std::string body, const std::string& session_id) {
    net::call out{.method = net::verb::post,
                  .target = std::move(target),
                  .body = std::move(body),
                  .limit = limit,
                  .on_connection = net::exchanges::single};
    out.headers.emplace_back(wire::close_callback_header, session_id);
    return out;
}

}  // namespace

close_callbacks::close_callbacks(asio::any_io_executor executor, net::way_out out,
                                 std::optional<url> consumer,
                                 std::function<asio::awaitable<void>()> until_kept)
    : x_executor(executor),
      x_out(std::move(out)),
      x_consumer(std::move(consumer)),
      x_until_kept(std::move(until_kept)),
      x_tasks(executor) {}

void close_callbacks::send(const reservation::closed_session& session) {
    if (!session.on_close)
        return;
    const subject whose{session.session_id, session.request_idx};
    if (x_tasks.size() >= max_concurrent)
        return complain(whose, "too many callbacks are under way");
    const auto target = target_of(session.on_close->route, x_consumer);
    if (!target)
        return complain(whose, target.error().message());
    if (session.trust == reservation::grant_trust::unverified && !names_loopback(*target)) {
        complain(whose, "an unverified grant may call this machine alone");
        return;
    }
    auto body = wire::close_callback(session.on_close->payload, session.session_id);
    x_tasks.spawn(post(*target, std::move(body), whose));
}

asio::awaitable<void> close_callbacks::post(url target, std::string body, subject whose) {
    auto kept = x_until_kept();
    co_await std::move(kept);
    net::http_client client(x_executor, x_out);
    auto request = callback_to(std::move(target), std::move(body), whose.session_id);
    const auto answer = co_await client.send(std::move(request));
    if (!answer)
        complain(whose, answer.error().message());
    else if (!net::is_success(*answer))
        complain(whose, net::described_status(*answer));
    else
        log::debug("close_callback_sent", {{"session_id", whose.session_id},
                                           {"status", answer->status},
                                           log::also("request_idx", whose.request_idx)});
}

void close_callbacks::complain(const subject& whose, const std::string& error) {
    if (x_failures.is_worth_a_line())
        log::warning("close_callback_failed", {{"session_id", whose.session_id},
                                               {"error", error},
                                               {"unsaid", x_failures.unsaid()},
                                               log::also("request_idx", whose.request_idx)});
}

asio::awaitable<void> close_callbacks::finish(std::chrono::steady_clock::duration patience) {
    co_await x_tasks.finish(patience);
}

}  // namespace nullworker::consumer
