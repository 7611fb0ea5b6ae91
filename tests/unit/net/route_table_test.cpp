#include <nullworker/net/route_table.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace nullworker::net {
namespace {

struct some_room {
    reply list(const request&) { return text_reply(200, "list"); }
    reply show(const request& asked) { return text_reply(200, "show " + asked.path); }
    reply make(const request&) { return text_reply(201, "made"); }

    reply ask(verb method, std::string path) {
        static constexpr std::array<route<some_room, reply>, 3> rows = {{
            {verb::get, "/things", &some_room::list},
            {verb::get, "/things/*", &some_room::show},
            {verb::post, "/things", &some_room::make},
        }};
        return dispatch<some_room, reply>(*this, rows, request{.method = method, .path = std::move(path)});
    }
};

TEST(route_table, leads_by_verb_and_path) {
    some_room it;
    EXPECT_EQ(it.ask(verb::get, "/things").body, "list");
    EXPECT_EQ(it.ask(verb::post, "/things").status, 201u);
    EXPECT_EQ(it.ask(verb::get, "/things/7").body, "show /things/7");
}

TEST(route_table, a_star_is_one_segment_that_is_not_empty) {
    some_room it;
    for (const char* path :
         {"/things/", "/things/7/", "/things/7/8", "/things//", "/things7", "/other/7", ""})
        EXPECT_EQ(it.ask(verb::get, path).status, 404u) << path;
}

TEST(route_table, another_verb_is_told_which_one_is_allowed) {
    some_room it;
    const auto refused = it.ask(verb::post, "/things/7");
    EXPECT_EQ(refused.status, 405u);
    EXPECT_EQ(refused.headers, (std::vector<header>{{"Allow", "GET, HEAD"}}));
}

}  // namespace
}  // namespace nullworker::net
