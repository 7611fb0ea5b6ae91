#pragma once

#include <depth/resp.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nullworker::test {

// What a Redis answers to a client that counts. No I/O.
class fake_redis {
public:
    struct key {
        std::string type;
        std::int64_t size = 0;
    };

    std::map<std::string, key> keys;
    std::map<std::string, std::string> replies;  // by a whole command, as bytes, in place of what is right
    std::string password;
    std::vector<std::string> heard;  // each command, its words with blanks between them

    // The answer to what comes.
    std::string operator()(std::string_view bytes) {
        x_commands.feed(bytes);
        std::string out;
        while (const auto command = x_commands.next())
            out += answer(command->items);
        return out;
    }

    // A new connection.
    void reconnect() {
        x_commands = {};
        end_transaction();
        x_is_known = false;
    }

private:
    std::string answer(const std::vector<client::resp_value>& words) {
        std::string line;
        for (const auto& word : words)
            line += (line.empty() ? "" : " ") + word.text;
        heard.push_back(line);
        const auto verb = words.at(0).text;
        if (const auto said = replies.find(line); said != replies.end() && (verb != "EXEC" || !x_is_spoilt)) {
            x_is_spoilt = x_is_queueing && (x_is_spoilt || said->second.starts_with('-'));
            if (verb == "EXEC")
                end_transaction();
            return said->second;
        }
        if (verb == "AUTH") {
            x_is_known = words.back().text == password;
            return x_is_known ? "+OK\r\n" : "-WRONGPASS invalid username-password pair\r\n";
        }
        if (!password.empty() && !x_is_known)
            return "-NOAUTH Authentication required.\r\n";
        if (verb == "MULTI") {
            x_is_queueing = true;
            return "+OK\r\n";
        }
        if (verb == "EXEC")
            return execute();
        if (!x_is_queueing)
            return reply_to(words);
        x_queue.push_back(words);
        return "+QUEUED\r\n";
    }

    std::string execute() {
        if (x_is_spoilt) {
            end_transaction();
            return "-EXECABORT Transaction discarded because of previous errors.\r\n";
        }
        std::string out = '*' + std::to_string(x_queue.size()) + "\r\n";
        for (const auto& words : x_queue)
            out += reply_to(words);
        end_transaction();
        return out;
    }

    void end_transaction() {
        x_queue.clear();
        x_is_queueing = x_is_spoilt = false;
    }

    std::string reply_to(const std::vector<client::resp_value>& words) {
        static const std::map<std::string, std::string> types = {
            {"LLEN", "list"}, {"SCARD", "set"}, {"HLEN", "hash"}, {"ZCARD", "zset"}, {"ZCOUNT", "zset"}};
        const auto verb = words.at(0).text;
        if (words.size() < 2)
            return "-ERR wrong number of arguments\r\n";
        const auto found = keys.find(words[1].text);
        const bool is_there = found != keys.end();
        if (verb == "TYPE")
            return '+' + (is_there ? found->second.type : "none") + "\r\n";
        if (verb == "EXISTS" || verb == "HEXISTS")
            return is_there ? ":1\r\n" : ":0\r\n";
        if (const auto type = types.find(verb); type != types.end() && is_there)
            return found->second.type == type->second
                       ? ':' + std::to_string(found->second.size) + "\r\n"
                       : "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
        return types.contains(verb) || verb == "SELECT" ? (verb == "SELECT" ? "+OK\r\n" : ":0\r\n")
                                                        : "-ERR unknown command '" + verb + "'\r\n";
    }

    client::resp_reader x_commands;
    std::vector<std::vector<client::resp_value>> x_queue;
    bool x_is_queueing = false;
    bool x_is_spoilt = false;
    bool x_is_known = false;
};

}  // namespace nullworker::test
