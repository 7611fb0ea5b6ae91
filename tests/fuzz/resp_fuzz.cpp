#include "fuzz_target.hpp"

#include <depth/resp.hpp>

#include <optional>
#include <string>
#include <vector>

// What a Redis, or somebody else at its port, answers: read whole and byte by byte it is the same.
namespace nullworker::fuzz {
namespace {

bool same(const client::resp_value& a, const client::resp_value& b) {
    if (a.is != b.is || a.text != b.text || a.number != b.number || a.items.size() != b.items.size())
        return false;
    for (std::size_t i = 0; i < a.items.size(); ++i)
        if (!same(a.items[i], b.items[i]))
            return false;
    return true;
}

std::vector<client::resp_value> all_of(client::resp_reader& reader) {
    std::vector<client::resp_value> out;
    while (auto one = reader.next())
        out.push_back(std::move(*one));
    return out;
}

}  // namespace

FUZZ_TARGET(resp, 500) {
    client::resp_reader whole;
    whole.feed(input);
    const auto at_once = all_of(whole);
    client::resp_reader slow;
    for (const char byte : input)
        slow.feed({&byte, 1});
    const auto bit_by_bit = all_of(slow);
    require(whole.has_failed() == slow.has_failed(), "bytes that come one by one fail alike");
    require(at_once.size() == bit_by_bit.size(), "there are as many replies");
    for (std::size_t i = 0; i < at_once.size(); ++i)
        require(same(at_once[i], bit_by_bit[i]), "each reply is the same");

    client::resp_reader again;
    again.feed(client::resp_command({std::string(input), ""}));
    const auto command = again.next();
    require(command && command->items.size() == 2 && command->items[0].text == input,
            "a command holds any bytes");
}

}  // namespace nullworker::fuzz
