#include <fleet/spectator.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/random.hpp>
#include <nullworker/base/url.hpp>

#include <memory>
#include <utility>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t run_bytes = 8;
constexpr auto between_looks = 250ms;
constexpr auto answer_limit = 1s;
constexpr std::size_t most_at_once = 8;  // workers that are being asked
constexpr std::size_t longest_answer = 16 * 1024;

client::watch::timeline_settings named(client::watch::timeline_settings about) {
    about.run = random_hex(run_bytes);
    return about;
}

}  // namespace

spectator::spectator(asio::any_io_executor executor, const scaler& decisions, control_ports ports,
                     client::watch::timeline_settings about)
    : x_executor(executor),
      x_ports(std::move(ports)),
      x_story(named(std::move(about))),
      x_chronicle(decisions, x_story),
      x_routes(x_story),
      x_bell(executor),
      x_out(std::make_shared<net::tls_trust>()),
      x_tasks(std::move(executor)) {}

void spectator::note(const event& happened) {
    x_chronicle.note(happened);
    x_bell.ring();
}

void spectator::start(std::function<void()> on_news) {
    x_on_news = std::move(on_news);
    x_tasks.spawn(look_on());
}

asio::awaitable<void> spectator::stop() {
    x_chronicle.look(now());
    if (x_on_news)
        x_on_news();
    x_tasks.cancel();
    co_await x_tasks.join();
}

asio::awaitable<void> spectator::look_on() {
    std::uint64_t told = 0;
    for (;;) {
        x_bell.silence();
        const auto time = now();
        x_chronicle.look(time);
        for (const auto worker : x_chronicle.due_questions(most_at_once - x_asking, time))
            if (const auto port = x_ports(worker))
                x_tasks.spawn(ask(worker, *port));
        if (std::exchange(told, x_story.revision()) != told)
            x_on_news();
        co_await sleep_for(between_looks);  // what happens meanwhile is told together
        co_await x_bell.wait_until(x_chronicle.next_wake());
    }
}

// Without `wait`, which would be a sign of its consumer.
asio::awaitable<void> spectator::ask(std::int64_t worker, std::uint16_t port) {
    ++x_asking;
    net::http_client line(x_executor, x_out);
    net::call question{.target = {.scheme = "http", .host = "127.0.0.1", .port = port, .target = "/session"},
                       .limit = answer_limit,
                       .max_reply_bytes = longest_answer};
    const auto answer = co_await line.send(std::move(question));
    --x_asking;
    if (!answer || !net::is_success(*answer))
        co_return;
    const auto slot = wire::parse_slot(answer->body);
    if (!slot)
        co_return;
    x_chronicle.answered(worker, *slot, now());
    x_bell.ring();
}

}  // namespace nullworker::fleet
