#pragma once

#include <depth/redis_inquiry.hpp>
#include <depth/resp.hpp>

#include <span>
#include <string>
#include <vector>

namespace nullworker::client {

using redis_command = std::vector<std::string>;

// How a question is put to a Redis, in as many rounds as it needs: what is to be asked of a key depends on
// its type, which is asked for each time, so that no change of it goes unnoticed.
class redis_asking {
public:
    explicit redis_asking(redis_question question) : x_question(std::move(question)) {}

    // What is to be said in the next round.
    [[nodiscard]] std::vector<redis_command> commands() const;

    enum class outcome { settled, again, refused, unclear };

    // Takes the replies to these commands.
    [[nodiscard]] outcome take(std::span<const resp_value> replies);

    // Whether nothing can be counted before the type of the key is known.
    [[nodiscard]] bool wants_type() const;

    // Once it is settled.
    [[nodiscard]] const redis_answer& answer() const noexcept { return x_answer; }

    // The error of the server, once it has refused.
    [[nodiscard]] const std::string& refusal() const noexcept { return x_refusal; }

private:
    outcome take_number(const resp_value& reply);
    outcome take_amount(std::span<const resp_value> replies);
    outcome take_groups(std::span<const resp_value> replies);
    outcome take_group(const std::vector<resp_value>& fields, std::span<const resp_value> replies);
    outcome settle(redis_answer answer);
    outcome refuse(const resp_value& reply);

    redis_question x_question;
    std::string x_type;   // of the key; empty: not known
    std::string x_after;  // the entry behind which those of a stream are counted; empty: they are not
    redis_answer x_answer;
    std::string x_refusal;
};

}  // namespace nullworker::client
