#include <nullworker/base/handler_watch.hpp>

#include <cstdio>
#include <cstdlib>

namespace nullworker {

std::chrono::steady_clock::duration handler_watch::limit() {
    static const std::chrono::milliseconds chosen = [] {
        constexpr long usual = 100;
        const char* text = std::getenv("NULLWORKER_HANDLER_LIMIT_MS");
        const long wanted = text ? std::strtol(text, nullptr, 10) : 0;
        return std::chrono::milliseconds(wanted > 0 ? wanted : usual);
    }();
    return chosen;
}

void handler_watch::abort_after(std::chrono::steady_clock::duration took) {
    const auto in_ms = [](auto span) {
        return static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(span).count());
    };
    (void)std::fprintf(stderr,
                       "a handler ran for %ld ms: it held up the event loop for longer than the %ld ms of "
                       "NULLWORKER_HANDLER_LIMIT_MS\n",
                       in_ms(took), in_ms(limit()));
    std::abort();
}

}  // namespace nullworker
