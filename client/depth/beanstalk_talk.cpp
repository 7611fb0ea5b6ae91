#include <depth/beanstalk_talk.hpp>
#include <depth/place.hpp>
#include <nullworker/base/printable.hpp>

#include <utility>

namespace nullworker::client {
namespace {

constexpr std::size_t shown_of_an_answer = 60;

}  // namespace

beanstalk_talk::beanstalk_talk(net::server_place where, std::string tube, delayed_jobs delayed)
    : x_where(std::move(where)),
      x_tube(std::move(tube)),
      x_statistics{"current-jobs-ready", "current-jobs-reserved"} {
    if (delayed == delayed_jobs::counted)
        x_statistics.emplace_back("current-jobs-delayed");
}

std::string beanstalk_talk::begin() {
    x_reader = {};
    return "stats-tube " + x_tube + "\r\n";
}

next_step beanstalk_talk::hear(std::string_view bytes) {
    switch (x_reader.feed(bytes)) {
        case beanstalk_reader::state::incomplete:
            return hear_on{};
        case beanstalk_reader::state::complete:
            return take();
        case beanstalk_reader::state::failed:
            break;
    }
    return failed("says what cannot be read. Is it a beanstalkd, and is HOST:PORT right?");
}

next_step beanstalk_talk::take() {
    const auto line = x_reader.line();
    if (line == "NOT_FOUND")
        return outcome<figure>(
            figure{.remarks = {"there is no tube '" + x_tube +
                               "', which counts as 0: an empty one does not exist. Is the name right?"}});
    if (!x_reader.has_body())
        return failed("refuses: " + printable(std::string(line.substr(0, shown_of_an_answer))) +
                      ". Is it a beanstalkd, and is HOST:PORT right?");
    return add_up();
}

next_step beanstalk_talk::add_up() const {
    figure out;
    for (const auto name : x_statistics) {
        const auto number = statistic(x_reader.body(), name);
        if (!number)
            return failed("does not tell " + std::string(name) + " of the tube '" + x_tube + '\'');
        out.jobs = sum_of_jobs(out.jobs, *number);
    }
    return outcome<figure>(std::move(out));
}

failure beanstalk_talk::failed(const std::string& what) const {
    return {"beanstalkd at " + name_of(x_where) + ' ' + what};
}

}  // namespace nullworker::client
