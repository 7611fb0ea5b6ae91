#pragma once

#include <depth/figure.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

// What is to be asked of a Redis for the depth of a queue, and what the answers mean.
namespace nullworker::client {

// One thing that is asked of one key.
struct redis_question {
    enum class about : std::uint8_t {
        amount,    // how much is in it, by its type; of a stream, what waits for the group and what it has
        presence,  // whether it is there
        due,       // of a sorted set, how many have a score of `most` at most
        field,     // whether a hash has the field
    };

    std::string key;
    about what = about::amount;
    std::string group = {};
    std::int64_t most = 0;
    std::string field = {};
};

struct redis_answer {
    bool is_there = false;
    std::int64_t amount = 0;
    std::string wrong = {};  // why there is no amount; empty: there is one
    std::string remark = {};
};

using redis_answers = std::vector<redis_answer>;  // one a question

// The order of the questions is what waits, then what runs: where they cannot be asked in one transaction, a
// job that moves meanwhile is counted twice, and never not at all.
struct redis_inquiry {
    std::vector<redis_question> questions;
    std::function<outcome<figure>(const redis_answers&)> read;
};

// Keys of any type. KEY@GROUP is a stream, unless there is a key of the whole name.
[[nodiscard]] redis_inquiry ask_for_keys(const std::vector<std::string>& keys);

struct celery_options {
    std::string prefix;                  // kombu's global_keyprefix
    std::string separator = "\x06\x16";  // between a queue and a priority: kombu's sep
};

// Queues of Celery with the keys of their priorities, and what was taken and is not acknowledged.
[[nodiscard]] redis_inquiry ask_for_celery(const std::vector<std::string>& queues,
                                           const celery_options& options);

// A queue of BullMQ: what waits, by priority, too, and what runs. What was delayed counts once it is due,
// since a worker must be there to see it; while the queue is paused, only what runs counts.
[[nodiscard]] redis_inquiry ask_for_bullmq(const std::string& queue, const std::string& prefix,
                                           std::chrono::system_clock::time_point now);

}  // namespace nullworker::client
