#include <depth/redis_inquiry.hpp>

#include <algorithm>
#include <span>
#include <utility>

namespace nullworker::client {
namespace {

using about = redis_question::about;

// kombu knows steps from 0 to 9, of which 0 has no key of its own.
constexpr int highest_priority = 9;

// Adds up what several questions were answered, or says what is wrong with the first that has no amount.
outcome<figure> sum_of(std::span<const redis_answer> answers) {
    figure out;
    for (const auto& answer : answers) {
        if (!answer.wrong.empty())
            return failure{answer.wrong};
        out.jobs = sum_of_jobs(out.jobs, answer.amount);
        if (!answer.remark.empty())
            out.remarks.push_back(answer.remark);
    }
    return out;
}

bool are_all_missing(std::span<const redis_answer> answers) {
    return std::ranges::none_of(answers, &redis_answer::is_there);
}

// Where the questions about one word of the command line are.
struct word_place {
    std::string word;
    std::size_t whole;    // the key of that name
    std::size_t grouped;  // the stream before the @; the same as `whole` where there is no group
};

outcome<figure> read_keys(const std::vector<word_place>& places, const redis_answers& answers) {
    figure out;
    for (const auto& place : places) {
        const auto& answer = answers[answers[place.whole].is_there ? place.whole : place.grouped];
        auto one = sum_of({&answer, 1});
        if (!one)
            return one;
        out.jobs = sum_of_jobs(out.jobs, one->jobs);
        std::ranges::move(one->remarks, std::back_inserter(out.remarks));
        if (!answer.is_there)
            out.remarks.push_back("there is no key " + in_quotes(place.word) +
                                  ", which counts as 0: an empty one does not exist. Is the name right?");
    }
    return out;
}

}  // namespace

redis_inquiry ask_for_keys(const std::vector<std::string>& keys) {
    redis_inquiry out;
    std::vector<word_place> places;
    for (const auto& word : keys) {
        const auto whole = out.questions.size();
        out.questions.push_back({.key = word});
        const auto at = word.rfind('@');
        const bool has_group = at != std::string::npos && at > 0 && at + 1 < word.size();
        if (has_group)
            out.questions.push_back({.key = word.substr(0, at), .group = word.substr(at + 1)});
        places.push_back({word, whole, out.questions.size() - 1});
    }
    out.read = [places](const redis_answers& answers) { return read_keys(places, answers); };
    return out;
}

redis_inquiry ask_for_celery(const std::vector<std::string>& queues, const celery_options& options) {
    redis_inquiry out;
    for (const auto& queue : queues) {
        out.questions.push_back({.key = options.prefix + queue});
        for (int priority = 1; priority <= highest_priority; ++priority)
            out.questions.push_back(
                {.key = options.prefix + queue + options.separator + std::to_string(priority)});
    }
    out.questions.push_back({.key = options.prefix + "unacked"});
    for (const auto& queue : queues)
        out.questions.push_back({.key = options.prefix + "_kombu.binding." + queue, .what = about::presence});
    out.read = [queues](const redis_answers& answers) {
        constexpr std::size_t keys_of_a_queue = 1 + highest_priority;
        const std::span<const redis_answer> all = answers;
        const auto amounts = queues.size() * keys_of_a_queue + 1;
        auto told = sum_of(all.first(amounts));
        for (std::size_t i = 0; told && i < queues.size(); ++i)
            if (!all[amounts + i].is_there &&
                are_all_missing(all.subspan(i * keys_of_a_queue, keys_of_a_queue)))
                told->remarks.push_back("no worker of Celery has declared a queue " + in_quotes(queues[i]) +
                                        " here, which counts as 0. Is its name right, and the number of the "
                                        "database?");
        return told;
    };
    return out;
}

redis_inquiry ask_for_bullmq(const std::string& queue, const std::string& prefix,
                             std::chrono::system_clock::time_point now) {
    // A score is the time in milliseconds, and 12 bits that keep those of one millisecond in order.
    constexpr std::int64_t scores_a_millisecond = 4096;
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    const auto key = [&](const char* part) { return prefix + ':' + queue + ':' + part; };
    enum place : std::size_t { delayed, wait, prioritized, active, paused, meta };
    redis_inquiry out;
    out.questions = {
        {.key = key("delayed"), .what = about::due, .most = (milliseconds + 1) * scores_a_millisecond - 1},
        {.key = key("wait")},
        {.key = key("prioritized")},
        {.key = key("active")},
        {.key = key("meta"), .what = about::field, .field = "paused"},
        {.key = key("meta"), .what = about::presence},
    };
    out.read = [queue, prefix](const redis_answers& answers) {
        const std::span<const redis_answer> all = answers;
        const bool is_paused = all[paused].amount > 0;
        auto told = sum_of(is_paused ? all.subspan(active, 1) : all.first(active + 1));
        if (told && is_paused)
            told->remarks.push_back("the queue " + in_quotes(queue) +
                                    " is paused: what waits there is not counted");
        if (told && !all[meta].is_there && are_all_missing(all.first(active + 1)))
            told->remarks.push_back("nobody has used a queue " + in_quotes(queue) + " with the prefix " +
                                    in_quotes(prefix) +
                                    " here, which counts as 0. Are its name and its prefix right?");
        return told;
    };
    return out;
}

}  // namespace nullworker::client
