#pragma once

#include <depth/beanstalk_reader.hpp>
#include <depth/conversation.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nullworker::client {

enum class delayed_jobs : std::uint8_t { left_out, counted };

// Asks beanstalkd for a tube, whose name is a good one.
class beanstalk_talk final : public conversation {
public:
    beanstalk_talk(net::server_place where, std::string tube, delayed_jobs delayed);

    [[nodiscard]] std::string begin() override;
    [[nodiscard]] next_step hear(std::string_view bytes) override;

private:
    [[nodiscard]] next_step take();
    [[nodiscard]] next_step add_up() const;
    [[nodiscard]] failure failed(const std::string& what) const;

    net::server_place x_where;
    std::string x_tube;
    std::vector<std::string_view> x_statistics;  // that are added up
    beanstalk_reader x_reader;
};

}  // namespace nullworker::client
