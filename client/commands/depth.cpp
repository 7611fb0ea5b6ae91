#include <commands/common_options.hpp>
#include <commands/depth.hpp>
#include <depth/ask.hpp>
#include <depth/beanstalk_talk.hpp>
#include <depth/redis_talk.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/file.hpp>
#include <terminal/runner.hpp>
#include <terminal/screen.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nullworker::client {
namespace {

using steady = std::chrono::steady_clock;

constexpr std::uint16_t beanstalkd_port = 11300;
constexpr std::size_t longest_ca_file = std::size_t{4} * 1024 * 1024;
constexpr std::size_t no_bound = 200;

constexpr const char* depth_footer =
    "It prints what waits and what is being done, as one number, for `nullworker follow --depth` or\n"
    "anybody else. Where the server does not answer, refuses, or says what is no number of jobs, it\n"
    "prints nothing, says why on standard error, and its exit code is 1.\n"
    "\n"
    "  nullworker depth redis redis://127.0.0.1:6379/0 jobs working     keys: what waits first\n"
    "  nullworker depth redis env:REDIS_URL stream@group                of a stream a group\n"
    "  nullworker depth celery env:BROKER_URL video sound               queues; celery without any\n"
    "  nullworker depth bullmq redis://127.0.0.1 video\n"
    "  nullworker depth beanstalkd 127.0.0.1:11300 video                a tube\n"
    "  nullworker depth rabbitmq env:RABBITMQ_API video                 http://USER:PASSWORD@HOST:15672\n"
    "  nullworker depth nats http://127.0.0.1:8222 STREAM CONSUMER      the monitoring port\n"
    "  nullworker depth http https://example.org/stats /waiting /busy   members of any JSON\n"
    "  nullworker follow --max 8 --depth 'nullworker depth redis env:REDIS_URL jobs working' …\n"
    "\n"
    "env:NAME stands for the value of that variable: a password in a command line can be read by every\n"
    "user of the machine, so it is refused there. rediss:// and https:// are with TLS.";

struct depth_options {
    std::string kind;
    std::vector<std::string> words;
    seconds timeout{5.0};
    std::string ca_file;
    std::string prefix;
    std::string separator;
    bool delayed = false;
    std::string virtual_host = "/";
    std::string account;
};

// A question whose words make sense.
struct prepared {
    std::function<asio::awaitable<outcome<figure>>(net::way_out, steady::duration)> ask;
    bool has_tls = false;
};

std::vector<std::string> words_behind_first(const depth_options& told) {
    return {told.words.begin() + 1, told.words.end()};
}

// ---- the kinds ----

prepared prepare_talk(std::shared_ptr<conversation> talk, talk_place where) {
    const bool has_tls = where.server.by == net::security::tls;
    return {.ask = [talk = std::move(talk), where = std::move(where)](
                       net::way_out out,
                       steady::duration limit) { return converse(talk, where, std::move(out), limit); },
            .has_tls = has_tls};
}

prepared prepare_redis(const depth_options& told, redis_inquiry what) {
    auto where = read_redis_place(told.words[0]);
    talk_place server{where.server, "Redis"};
    return prepare_talk(std::make_shared<redis_talk>(std::move(where), std::move(what)), std::move(server));
}

prepared prepare_keys(const depth_options& told) {
    return prepare_redis(told, ask_for_keys(words_behind_first(told)));
}

prepared prepare_celery(const depth_options& told) {
    auto queues = words_behind_first(told);
    if (queues.empty())
        queues.emplace_back("celery");
    celery_options how{.prefix = told.prefix};
    if (!told.separator.empty())
        how.separator = told.separator;
    return prepare_redis(told, ask_for_celery(queues, how));
}

prepared prepare_bullmq(const depth_options& told) {
    return prepare_redis(told, ask_for_bullmq(told.words[1], told.prefix.empty() ? "bull" : told.prefix,
                                              std::chrono::system_clock::now()));
}

prepared prepare_beanstalkd(const depth_options& told) {
    if (const auto wrong = fault_of_tube(told.words[1]))
        throw startup_error('\'' + told.words[1] + "' " + *wrong);
    talk_place server{read_host_and_port(told.words[0], beanstalkd_port), "beanstalkd"};
    const auto delayed = told.delayed ? delayed_jobs::counted : delayed_jobs::left_out;
    auto talk = std::make_shared<beanstalk_talk>(server.server, told.words[1], delayed);
    return prepare_talk(std::move(talk), std::move(server));
}

prepared prepare_http(std::vector<http_inquiry> inquiries) {
    const bool has_tls = std::ranges::any_of(inquiries, [](const auto& one) { return one.target.is_tls(); });
    return {.ask = [inquiries = std::move(inquiries)](
                       net::way_out out,
                       steady::duration limit) { return fetch(inquiries, std::move(out), limit); },
            .has_tls = has_tls};
}

prepared prepare_rabbitmq(const depth_options& told) {
    return prepare_http({ask_rabbitmq(read_http_place(told.words[0]), told.words[1], told.virtual_host)});
}

prepared prepare_nats(const depth_options& told) {
    std::vector<http_inquiry> out;
    for (const auto& where : read_http_places(told.words[0]))
        out.push_back(ask_nats(where, told.words[1], told.words[2], told.account));
    return prepare_http(std::move(out));
}

prepared prepare_members(const depth_options& told) {
    return prepare_http({ask_for_members(read_http_place(told.words[0]), words_behind_first(told))});
}

struct depth_kind {
    const char* name;
    const char* usage;
    std::size_t least_words;
    std::size_t most_words;
    bool is_list;                      // of equal things, none of which is counted twice
    std::vector<const char*> options;  // that mean something to it, beside those that all have
    prepared (*prepare)(const depth_options&);
};

const std::vector<depth_kind>& kinds() {
    static const std::vector<depth_kind> all = {
        {"redis", "URL KEY…", 2, no_bound, true, {"cafile"}, prepare_keys},
        {"celery", "URL [QUEUE…]", 1, no_bound, true, {"cafile", "prefix", "separator"}, prepare_celery},
        {"bullmq", "URL QUEUE", 2, 2, false, {"cafile", "prefix"}, prepare_bullmq},
        {"beanstalkd", "HOST:PORT TUBE", 2, 2, false, {"delayed"}, prepare_beanstalkd},
        {"rabbitmq", "URL QUEUE", 2, 2, false, {"cafile", "vhost"}, prepare_rabbitmq},
        {"nats", "URL STREAM CONSUMER", 3, 3, false, {"cafile", "account"}, prepare_nats},
        {"http", "URL POINTER…", 2, no_bound, true, {"cafile"}, prepare_members},
    };
    return all;
}

std::vector<std::string> names_of_kinds() {
    std::vector<std::string> out;
    for (const auto& kind : kinds())
        out.emplace_back(kind.name);
    return out;
}

// ---- what is said to them ----

void refuse_idle_options(const depth_kind& kind, const options::reading& found) {
    for (const auto* option : {"cafile", "prefix", "separator", "delayed", "vhost", "account"})
        if (found.by_flag(option) &&
            std::ranges::find(kind.options, std::string_view(option)) == kind.options.end())
            throw startup_error(std::string("--") + option + " means nothing to " + kind.name);
}

void check_words(const depth_kind& kind, const std::vector<std::string>& words) {
    if (words.size() < kind.least_words || words.size() > kind.most_words)
        throw startup_error(
            std::string("it is nullworker depth ") + kind.name + ' ' + kind.usage +
            (words.size() < kind.least_words ? "; a word is missing" : "; there are more words"));
    for (auto word = words.begin() + 1; kind.is_list && word != words.end(); ++word)
        if (std::find(words.begin() + 1, word, *word) != word)
            throw startup_error('\'' + *word + "' is named twice, and would be counted twice");
}

net::way_out way_out_for(const prepared& question, const std::string& ca_file) {
    if (!ca_file.empty() && !question.has_tls)
        throw startup_error("--cafile is for URLs with TLS, which begin with rediss:// or https://");
    if (ca_file.empty())
        return std::make_shared<net::tls_trust>();
    auto roots = read_file(ca_file, longest_ca_file);
    if (!roots)
        throw startup_error("--cafile: cannot read " + ca_file + ": " + roots.error().message());
    auto trust = std::make_shared<net::tls_trust>(std::move(*roots));
    if (const auto read = trust->context(); !read)
        throw startup_error("--cafile: " + ca_file +
                            " is no file of certificates in PEM: " + read.error().message());
    return trust;
}

asio::awaitable<int> tell(const prepared& question, net::way_out out, steady::duration limit) {
    auto told = co_await question.ask(std::move(out), limit);
    if (!told) {
        std::cerr << "nullworker: " << shown(told.error().message) << std::endl;
        co_return exit_failed;
    }
    for (auto& remark : told->remarks)
        std::cerr << "nullworker: " << shown(std::move(remark)) << std::endl;
    std::cout << told->jobs << std::endl;
    co_return exit_done;
}

int run_depth(const depth_options& told, const options::reading& found) {
    const auto kind = std::ranges::find(kinds(), told.kind, &depth_kind::name);
    refuse_idle_options(*kind, found);
    check_words(*kind, told.words);
    const auto question = kind->prepare(told);
    const auto out = way_out_for(question, told.ca_file);
    return run_plainly([&] { return tell(question, out, to_ticks(told.timeout)); });
}

std::vector<options::option> depth_words(depth_options& to) {
    return {{.name = "KIND",
             .target = options::one_of(to.kind, names_of_kinds()),
             .must_be_passed = true,
             .help = "What the queue is in"},
            {.name = "WORD",
             .target = &to.words,
             .must_be_passed = true,
             .help = "Where it is, and what is counted there: see below"}};
}

std::vector<options::option> depth_rows(depth_options& to) {
    return {{.name = "timeout",
             .target = &to.timeout,
             .least = 0.1,
             .most = most_of_all,
             .help = "Longest time for all of it; it should be shorter than the --depth-timeout of follow"},
            {.name = "cafile",
             .target = &to.ca_file,
             .kind = options::value_kind::file,
             .default_words = "those that this system trusts",
             .help = "Certificates that are trusted beside those of this system (rediss:// and https://)"},
            {.name = "prefix",
             .target = &to.prefix,
             .default_words = "bull for bullmq, none for celery",
             .help = "What all keys begin with: bullmq's prefix, or celery's global_keyprefix"},
            {.name = "separator",
             .target = &to.separator,
             .default_words = "that of kombu",
             .help = "celery's sep: what stands between a queue and a priority"},
            {.name = "delayed", .target = &to.delayed, .help = "Count the delayed jobs of beanstalkd, too"},
            {.name = "vhost",
             .target = &to.virtual_host,
             .value_name = "NAME",
             .help = "Virtual host of rabbitmq"},
            {.name = "account",
             .target = &to.account,
             .value_name = "NAME",
             .default_words = "whichever has the stream",
             .help = "Account of nats that has the stream"}};
}

}  // namespace

subcommand depth_command() {
    const auto to = std::make_shared<depth_options>();
    return {.table = {.name = "depth",
                      .summary = "Tell how much work there is in a queue",
                      .footer = depth_footer,
                      .positionals = depth_words(*to),
                      .groups = {{.options = depth_rows(*to)}}},
            .run = [to](const options::reading& found, const words& behind) {
                refuse_command(behind);
                return run_depth(*to, found);
            }};
}

}  // namespace nullworker::client
