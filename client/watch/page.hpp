#pragma once

#include <string>
#include <string_view>

namespace nullworker::client::watch {

// The page that shows a timeline: one document with its style and script in it, which asks /events of its own
// origin for news and sends no other request.
[[nodiscard]] std::string served_page();

// The value of Content-Security-Policy to serve it with. It allows what stands in the page by hash, and
// nothing else.
[[nodiscard]] std::string served_page_policy();

// The same page with `document`, which is JSON as /events gives it, in it: a file that asks nobody for
// anything. Its policy stands in it.
[[nodiscard]] std::string static_report(std::string_view document);

}  // namespace nullworker::client::watch
