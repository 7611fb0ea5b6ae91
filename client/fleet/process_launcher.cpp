#include <fleet/guarded_start.hpp>
#include <fleet/process_launcher.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/base/process.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nullworker::fleet {
namespace {

std::string program_of(const std::vector<std::string>& command, const char* what) {
    return program_file(command.empty() ? std::string() : command.front(), what);
}

std::string describe(std::optional<int> status) {
    if (!status)
        return "gone";
    if (WIFSIGNALED(*status))
        return "killed by signal " + std::to_string(WTERMSIG(*status));
    return "exited with status " + std::to_string(WEXITSTATUS(*status));
}

constexpr std::streamoff bytes_looked_at = 4096;

// The last bytes of a file; nothing where it cannot be read.
std::string end_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary | std::ios::ate);
    const auto size = static_cast<std::streamoff>(in.tellg());
    if (size <= 0)
        return {};
    in.seekg(std::max<std::streamoff>(size - bytes_looked_at, 0));
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

struct process_launcher::child {
    std::int64_t id;
    pid_t pid;
    asio::posix::stream_descriptor handle;  // readable when the process has ended
    asio::steady_timer ended;               // cancelled then, for who waits to insist
    std::shared_ptr<last_words> words;      // null where somebody else reads them
    bool told_to_stop = false;
    pid_t consumer = -1;  // -1: none, or it has ended
};

struct process_launcher::sink {
    descriptor output;
    std::shared_ptr<last_words> words;
};

// SIGTERM reaches the shell and what it runs alike. A shell that ended at once would take the group with it,
// before the worker has told that it ends; so it waits for what it runs, ends as that did, and runs nothing
// behind it.
std::vector<std::string> shell_command(const std::string& line) {
    return {"/bin/sh", "-c", "trap exit TERM; " + line};
}

process_launcher::process_launcher(asio::any_io_executor executor, process_options options)
    : x_executor(executor), x_options(std::move(options)), x_tasks(std::move(executor)) {
    x_program = program_of(x_options.command, "the worker command (--worker)");
    if (!x_options.consumer.empty())
        x_consumer_program = program_of(x_options.consumer, "the consumer command (--consumer)");
}

process_launcher::~process_launcher() {
    for (const auto& left : x_children) {
        ::kill(-left.pid, SIGKILL);
        x_guardian.forget(left.pid);
        reap(left.pid);
    }
}

process_launcher::child* process_launcher::find(std::int64_t id) {
    const auto found = std::find_if(x_children.begin(), x_children.end(),
                                    [id](const child& candidate) { return candidate.id == id; });
    return found == x_children.end() ? nullptr : &*found;
}

pid_t process_launcher::pid_of(std::int64_t id) const {
    for (const auto& candidate : x_children)
        if (candidate.id == id)
            return candidate.pid;
    return -1;
}

std::string process_launcher::log_file(std::int64_t id) const {
    return x_options.log_dir + "/worker-" + std::to_string(id) + ".log";
}

// Where the output of a worker or of its consumer goes; not open where it is ours.
result<process_launcher::sink> process_launcher::open_sink(std::int64_t id) const {
    if (x_options.output == worker_output::inherit)
        return sink{};
    if (x_options.output == worker_output::discard) {
        auto words = std::make_shared<last_words>(x_executor);
        auto output = words->open();
        if (!output)
            return output.error();
        return sink{std::move(*output), std::move(words)};
    }
    descriptor out(::open(log_file(id).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!out.is_open())
        return last_error();
    return sink{std::move(out), nullptr};
}

// The end of a process that nobody asked to end, with the last that it said.
std::string process_launcher::obituary(std::int64_t id, std::optional<int> status, last_words* words) const {
    std::string line;
    if (words)
        line = words->line();
    else if (x_options.output == worker_output::files)
        line = last_line(end_of(log_file(id)));
    return describe(status) + (line.empty() ? "" : ": " + line);
}

asio::awaitable<void> process_launcher::listen(std::shared_ptr<last_words> words) {
    co_await words->listen();
}

result<void> process_launcher::start(worker_spec spec) {
    if (find(spec.id))
        return error_code(EEXIST, boost::system::system_category());
    std::vector<pid_t> alive;
    for (const auto& running : x_children)
        alive.push_back(running.pid);
    if (auto guarded = x_guardian.ensure(alive); !guarded)
        return guarded.error();
    auto to = open_sink(spec.id);
    if (!to)
        return to.error();
    auto begun = launch(x_program, x_options.command, spec, to->output.number(), 0);
    if (!begun)
        return begun.error();
    x_children.push_back({spec.id, begun->id,
                          asio::posix::stream_descriptor(x_executor, begun->handle.release()),
                          asio::steady_timer(x_executor, asio::steady_timer::time_point::max()), to->words});
    if (to->words)
        x_tasks.spawn(listen(to->words));
    x_tasks.spawn(watch(x_children.back()));
    // A worker without its consumer is of no use: whoever watches its health finds out.
    if (!x_options.consumer.empty())
        if (const auto beside = start_consumer(x_children.back(), spec); !beside)
            tell_of_consumer(spec.id, "cannot be started: " + beside.error().message());
    return {};
}

// Starts a process in `group`, or in one of its own where that is 0.
result<guarded_process> process_launcher::launch(const std::string& program,
                                                 const std::vector<std::string>& command,
                                                 const worker_spec& spec, int output, pid_t group) const {
    return start_guarded(x_guardian, {.program = program,
                                      .arguments = command,
                                      .environment = spec.environment,
                                      .output = output,
                                      .group = group});
}

result<void> process_launcher::start_consumer(child& worker, const worker_spec& spec) {
    auto to = open_sink(spec.id);
    if (!to)
        return to.error();
    auto begun = launch(x_consumer_program, x_options.consumer, spec, to->output.number(), worker.pid);
    if (!begun)
        return begun.error();
    worker.consumer = begun->id;
    if (to->words)
        x_tasks.spawn(listen(to->words));
    x_tasks.spawn(watch_consumer(spec.id, worker.pid, begun->id,
                                 asio::posix::stream_descriptor(x_executor, begun->handle.release()),
                                 to->words));
    return {};
}

// A consumer ends by itself, or with its worker, whose end was told or is about to be.
asio::awaitable<void> process_launcher::watch_consumer(std::int64_t id, pid_t worker, pid_t pid,
                                                       asio::posix::stream_descriptor handle,
                                                       std::shared_ptr<last_words> words) {
    const auto failure = co_await until_ended(handle, pid);
    if (failure)
        ::kill(pid, SIGKILL);  // nobody would notice its end
    const auto how = obituary(id, reap(pid), words.get());
    if (words)
        words->hush();
    child* beside = find(id);
    if (!beside || beside->pid != worker)
        co_return;
    beside->consumer = -1;
    if (!beside->told_to_stop)
        tell_of_consumer(id, how);
}

void process_launcher::tell_of_consumer(std::int64_t id, const std::string& how) const {
    if (x_options.on_consumer_exit)
        x_options.on_consumer_exit(id, how);
}

asio::awaitable<void> process_launcher::watch(child& watched) {
    const auto failure = co_await until_ended(watched.handle, watched.pid);
    if (failure)
        log::error("worker_watch_failed", {{"worker", watched.id}, {"error", failure.message()}});
    // Before a process is reaped its number is its own, and so is the group's. A consumer may have left the
    // group.
    ::kill(-watched.pid, SIGKILL);
    if (watched.consumer > 0)
        ::kill(watched.consumer, SIGKILL);
    x_guardian.forget(watched.pid);
    const auto id = watched.id;
    const auto status = reap(watched.pid);
    const auto how = watched.told_to_stop ? describe(status) : obituary(id, status, watched.words.get());
    if (watched.words)
        watched.words->hush();
    watched.ended.cancel();
    x_children.remove_if([&watched](const child& candidate) { return &candidate == &watched; });
    if (x_on_exit)
        x_on_exit(id, how);
}

void process_launcher::stop(std::int64_t id) {
    child* told = find(id);
    if (!told || std::exchange(told->told_to_stop, true))
        return;
    ::kill(-told->pid, SIGTERM);
    // A stopped process takes SIGTERM only when it goes on.
    ::kill(-told->pid, SIGCONT);
    x_tasks.spawn(insist(id, told->pid));
}

asio::awaitable<void> process_launcher::insist(std::int64_t id, pid_t pid) {
    child* told = find(id);
    if (!told || told->pid != pid)
        co_return;
    told->ended.expires_after(x_options.stop_grace);
    const auto [ec] = co_await told->ended.async_wait(nothrow);
    if (ec)
        co_return;
    log::warning("worker_does_not_stop", {{"worker", id}, {"remedy", "SIGKILL"}});
    if (pid_of(id) == pid)
        kill(id);
}

void process_launcher::kill(std::int64_t id) {
    if (child* doomed = find(id)) {
        doomed->told_to_stop = true;
        ::kill(-doomed->pid, SIGKILL);
    }
}

}  // namespace nullworker::fleet
