#include <nullworker/base/deadline.hpp>
#include <nullworker/base/side_thread.hpp>
#include <nullworker/net/resolver.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <optional>
#include <utility>

namespace nullworker::net {
namespace {

// So many names of one's own are few; more come from strangers, in callbacks.
constexpr std::size_t most_last_good = 64;

result<addresses> ask_the_system(const std::string& host) {
    using system_resolver = asio::ip::tcp::resolver;
    asio::io_context context(1);
    system_resolver system(context);
    error_code ec;
    addresses found;
    for (const auto& entry : system.resolve(host, "0", system_resolver::numeric_service, ec))
        found.push_back(entry.endpoint().address());
    if (ec)
        return ec;
    return found;
}

}  // namespace

struct resolver::look_up {
    explicit look_up(const asio::any_io_executor& executor)
        : thread(executor), bell(executor, asio::steady_timer::time_point::max()) {}

    side_thread thread;
    asio::steady_timer bell;  // cancelled when there is an answer
    std::optional<result<addresses>> answer;
    std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
};

resolver::resolver(asio::any_io_executor executor, resolver_settings settings)
    : x_executor(std::move(executor)), x_settings(std::move(settings)) {
    if (!x_settings.ask)
        x_settings.ask = ask_the_system;
}

resolver::~resolver() = default;

asio::awaitable<result<addresses>> resolver::resolve(std::string host) {
    error_code is_name;
    const auto address = asio::ip::make_address(host, is_name);
    if (!is_name)
        co_return addresses{address};
    const auto last_good = x_last_good.find(host);
    const auto known = last_good != x_last_good.end() ? last_good->second : addresses();
    const auto asked = begin(host);
    if (!asked && known.empty())
        co_return asked.error();
    if (!asked)
        co_return known;
    auto work = answer_to(*asked);
    if (known.empty())
        co_return co_await std::move(work);
    const auto left = (*asked)->begun + x_settings.patience - std::chrono::steady_clock::now();
    const auto answer = co_await within(left, std::move(work));
    co_return answer ? *answer : known;
}

// The look-up of `host` that is under way, or a new one.
result<std::shared_ptr<resolver::look_up>> resolver::begin(const std::string& host) {
    if (const auto found = x_under_way.find(host); found != x_under_way.end())
        return found->second;
    if (x_under_way.size() >= x_settings.most)
        return errc::too_many_lookups;
    const auto made = std::make_shared<look_up>(x_executor);
    if (made->thread.begin())
        return errc::no_thread;
    x_under_way.emplace(host, made);
    const auto found = std::make_shared<result<addresses>>();
    made->thread.run([found, host, ask = x_settings.ask] { *found = ask(host); },
                     [this, found, host, about = made.get()] {
                         about->answer = std::move(*found);
                         answered(host, *about);
                     });
    return made;
}

void resolver::answered(const std::string& host, look_up& about) {
    about.bell.cancel();
    const auto& answer = *about.answer;
    const bool has_room = x_last_good.contains(host) || x_last_good.size() < most_last_good;
    if (x_settings.keeps_last_good && answer && !answer->empty() && has_room)
        x_last_good[host] = *answer;
    x_under_way.erase(host);
}

asio::awaitable<result<addresses>> resolver::answer_to(std::shared_ptr<look_up> asked) {
    if (!asked->answer)
        co_await asked->bell.async_wait(nothrow);
    if (!asked->answer)
        co_return error_code(asio::error::operation_aborted);
    co_return *asked->answer;
}

}  // namespace nullworker::net
