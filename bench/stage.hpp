#pragma once

#include "bench_error.hpp"
#include "notebook.hpp"
#include "scripted_autoscaler.hpp"
#include "subject.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nullworker::bench {

struct bench_options {
    std::string worker;           // the nullworkerd to measure
    std::string constant_server;  // the minimal Beast server
    std::string true_program;     // a static program that does nothing
    std::string against;          // a shell command; empty: nothing more
    std::string scratch;          // a folder, gone at the end
    std::vector<std::string> rows;
    std::uint16_t port = 26000;  // below those that systems give to outgoing connections
    int rounds = 5;
    bool quick = false;  // a tenth of everything
};

// What all measurements share: the autoscaler, the sides, and the notebook.
class stage {
public:
    stage(asio::any_io_executor executor, scripted_autoscaler& autoscaler, const bench_options& options)
        : x_executor(std::move(executor)), x_autoscaler(autoscaler), x_options(options) {}

    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return x_executor; }
    [[nodiscard]] scripted_autoscaler& autoscaler() noexcept { return x_autoscaler; }
    [[nodiscard]] const bench_options& options() const noexcept { return x_options; }
    [[nodiscard]] notebook& book() noexcept { return x_book; }

    // Those of `all_sides` that are workers, in the order in which they are measured.
    [[nodiscard]] std::vector<side> workers() const;

    // A worker on ports of its own, which differ from those of another with the same `place`. With `tool` in
    // front of its command.
    [[nodiscard]] std::unique_ptr<subject> worker(side who, std::vector<std::string> tool = {},
                                                  int place = 0);

    [[nodiscard]] std::uint16_t port_of(side who, int place = 0) const;

    // How much of `full` is done: all of it, or in a hurry less.
    [[nodiscard]] int amount(int full) const { return x_options.quick ? std::max(1, full / 10) : full; }
    [[nodiscard]] int rounds() const { return x_options.quick ? 1 : x_options.rounds; }

    // Tells on standard error what is being done.
    void say(std::string_view what) const;

private:
    asio::any_io_executor x_executor;
    scripted_autoscaler& x_autoscaler;
    const bench_options& x_options;
    notebook x_book;
};

}  // namespace nullworker::bench
