#include <depth/ask.hpp>
#include <depth/place.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/net/basic_authorization.hpp>
#include <nullworker/net/byte_stream.hpp>

#include <boost/asio/ssl/error.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace nullworker::client {
namespace {

using steady = std::chrono::steady_clock;

// An answer that lists all consumers of a busy server.
constexpr std::size_t longest_answer = std::size_t{16} * 1024 * 1024;

std::string advice_on(const error_code& why, steady::duration limit) {
    if (why == errc::timed_out)
        return " within " + log::to_text(std::chrono::duration_cast<seconds>(limit).count()) +
               " s (--timeout); is it there, and is it busy?";
    if (why == errc::no_trusted_roots || why.category() == asio::error::get_ssl_category())
        return ": " + why.message() + "; does it speak TLS there? --cafile FILE names whom to trust";
    return ": " + why.message() + "; is it running, and is the address right?";
}

failure no_answer_of(const std::string& server, const error_code& why, steady::duration limit) {
    return {server + " does not answer" + advice_on(why, limit)};
}

// One connection: the next step that is no more to be said there. What a server says before it closes is read
// even where it did not take what was said.
asio::awaitable<result<next_step>> talk_at(conversation& talk, net::server_place server, net::way_out out,
                                           steady::duration limit) {
    const auto executor = co_await asio::this_coro::executor;
    auto opened = co_await net::byte_stream::open(executor, std::move(out), std::move(server), limit);
    if (!opened)
        co_return opened.error();
    const auto stream = std::move(*opened);
    next_step next = say{talk.begin()};
    for (;;) {
        if (auto* more = std::get_if<say>(&next))
            (void)co_await stream->write(std::move(more->bytes));
        else if (!std::holds_alternative<hear_on>(next))
            co_return next;
        auto heard = co_await stream->read_some();
        if (!heard)
            co_return heard.error();
        next = talk.hear(*heard);
    }
}

}  // namespace

asio::awaitable<outcome<figure>> converse(std::shared_ptr<conversation> talk, talk_place where,
                                          net::way_out out, steady::duration limit) {
    const auto latest = steady::now() + limit;
    for (;;) {
        const auto left = std::max(latest - steady::now(), steady::duration::zero());
        auto talking = talk_at(*talk, where.server, out, left);
        auto next = co_await within(left, std::move(talking));
        if (!next)
            co_return no_answer_of(where.kind + " at " + name_of(where.server), next.error(), limit);
        if (auto* told = std::get_if<outcome<figure>>(&*next))
            co_return std::move(*told);
        where.server = std::get<turn_to>(*next).server;
    }
}

namespace {

net::call call_for(const http_inquiry& asked, steady::duration limit) {
    net::call out{.target = asked.target, .limit = limit, .max_reply_bytes = longest_answer};
    if (!asked.who.user.empty() || !asked.who.password.empty())
        out.headers.push_back(net::basic_authorization(asked.who.user, asked.who.password));
    return out;
}

asio::awaitable<outcome<figure>> fetch_from(std::shared_ptr<const http_inquiry> asked, net::way_out out,
                                            steady::duration limit) {
    const auto latest = steady::now() + limit;
    net::http_client client(co_await asio::this_coro::executor, std::move(out));
    for (;;) {
        auto call = call_for(*asked, std::max(latest - steady::now(), steady::duration::zero()));
        const auto answer = co_await client.send(std::move(call));
        if (!answer)
            co_return no_answer_of(asked->server, answer.error(), limit);
        auto read = read_answer(*asked, *answer);
        if (auto* told = std::get_if<outcome<figure>>(&read))
            co_return std::move(*told);
        asked = std::get<std::shared_ptr<const http_inquiry>>(std::move(read));
    }
}

}  // namespace

asio::awaitable<outcome<figure>> fetch(std::vector<http_inquiry> inquiries, net::way_out out,
                                       steady::duration limit) {
    const auto latest = steady::now() + limit;
    std::string complaints;
    auto left = inquiries.size();
    for (auto& inquiry : inquiries) {
        // Who does not answer leaves the others their share of the time.
        const auto share = (latest - steady::now()) / static_cast<long>(left--);
        auto asked = std::make_shared<const http_inquiry>(std::move(inquiry));
        auto told = co_await fetch_from(std::move(asked), out, share);
        if (told)
            co_return told;
        complaints += (complaints.empty() ? "" : ". ") + told.error().message;
    }
    co_return failure{complaints};
}

}  // namespace nullworker::client
