#pragma once

#include <depth/conversation.hpp>
#include <depth/place.hpp>
#include <depth/redis_asking.hpp>
#include <depth/redis_inquiry.hpp>
#include <depth/resp.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nullworker::client {

// Asks a Redis, or the nodes of a cluster. First it asks for the types of the keys, then everything in one
// transaction, for the types, too. Where the server has no transactions, or the keys are spread over the
// nodes of a cluster, one question follows the other, in their order.
class redis_talk final : public conversation {
public:
    redis_talk(redis_place where, redis_inquiry what);

    [[nodiscard]] std::string begin() override;
    [[nodiscard]] next_step hear(std::string_view bytes) override;

private:
    enum class manner : std::uint8_t { types, together, one_by_one };

    [[nodiscard]] std::string ask();
    [[nodiscard]] next_step take_replies();
    [[nodiscard]] next_step take_transaction(std::size_t first);
    [[nodiscard]] next_step take_each(const resp_value* replies, std::size_t count);
    [[nodiscard]] next_step go_on(bool is_settled);
    [[nodiscard]] next_step take_refusal(const std::string& text);
    [[nodiscard]] next_step ask_one_by_one();
    [[nodiscard]] failure failed(const std::string& what) const;
    [[nodiscard]] failure unclear() const;
    [[nodiscard]] std::string shown(const std::string& text) const;

    redis_place x_where;
    redis_inquiry x_what;
    std::vector<redis_asking> x_questions;
    manner x_manner = manner::types;
    std::size_t x_current = 0;  // one by one: the question that is asked
    int x_turns = 0;            // to other nodes, for what is asked now
    std::size_t x_rounds = 0;

    resp_reader x_reader;
    std::vector<std::size_t> x_asked;      // the questions of this round
    std::vector<const char*> x_greetings;  // what was said before them, whose replies come first
    std::size_t x_expected = 0;            // replies
    std::vector<resp_value> x_replies;
};

}  // namespace nullworker::client
