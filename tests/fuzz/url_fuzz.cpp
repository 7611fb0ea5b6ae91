#include "urls.hpp"

// The URLs in grants, close routes and the configuration: one a line, of which the first two are compared.
namespace nullworker::fuzz {

FUZZ_TARGET(url, 500) {
    const auto line = std::min(input.find('\n'), input.size());
    const auto first = parse_url(input.substr(0, line));
    if (!first) {
        require(first.error() == errc::invalid_url || first.error() == errc::unsupported_scheme,
                "a failure is one of the two");
        return;
    }
    require_sound(*first);

    const auto report = join(*first, "/worker_status/");
    require(same_origin(report, *first), "a path leads nowhere else");
    require(report.target.ends_with("/worker_status/"), "a path is appended");
    require_sound(report);

    const auto second = parse_url(input.substr(std::min(line + 1, input.size())));
    if (second) {
        require(same_origin(*first, *second) == same_origin(*second, *first), "order is irrelevant");
        require(same_origin(*first, *second) == (first->origin() == second->origin()),
                "the same origin is written the same way");
    }
}

}  // namespace nullworker::fuzz
