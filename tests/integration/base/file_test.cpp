#include "support/temporary_directory.hpp"

#include <nullworker/base/file.hpp>

#include <gtest/gtest.h>

#include <filesystem>

#include <sys/stat.h>

namespace nullworker {
namespace {

namespace fs = std::filesystem;

TEST(file, a_replaced_file_has_the_new_content_and_is_for_the_owner_alone) {
    const test::temporary_directory folder;
    const auto path = folder.file("state");
    for (const auto wanted : {durability::process, durability::power}) {
        ASSERT_FALSE(replace_file(path, "new", wanted));
        EXPECT_EQ(read_file(path, 100).value(), "new");
    }
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(file, a_short_content_after_a_long_one_leaves_nothing_of_it) {
    const test::temporary_directory folder;
    const auto path = folder.file("state");
    for (const std::size_t size : {100U, 10U, 1000U, 0U, 5U, 1U}) {
        const std::string content(size, 'x');
        ASSERT_FALSE(replace_file(path, content, durability::process));
        EXPECT_EQ(read_file(path, 1000).value(), content);
    }
}

TEST(file, what_cannot_be_written_leaves_the_old_file) {
    const test::temporary_directory folder;
    const auto path = folder.file("state");
    ASSERT_FALSE(replace_file(path, "old", durability::process));
    fs::remove(path + ".new");
    // Nobody can write there, whoever runs the test, and nothing can be put out of the way.
    fs::create_directories(path + ".new/full");
    fs::create_directory(path + ".new.set-aside");
    EXPECT_TRUE(replace_file(path, "new", durability::process));
    EXPECT_EQ(read_file(path, 100).value(), "old");
    EXPECT_TRUE(replace_file(folder.file("nowhere/state"), "new", durability::process));
}

TEST(file, a_file_above_the_limit_is_not_read) {
    const test::temporary_directory folder;
    const auto path = folder.write("large", std::string(101, 'x'));
    EXPECT_EQ(read_file(path, 100).error(), errc::file_too_large);
    EXPECT_EQ(read_file(path, 101).value().size(), 101U);
}

TEST(file, a_lock_is_held_once_at_a_time) {
    const test::temporary_directory folder;
    const auto path = folder.file("lock");
    {
        const auto first = file_lock::take(path);
        ASSERT_TRUE(first);
        EXPECT_EQ(file_lock::take(path).error(), errc::file_in_use);
    }
    EXPECT_TRUE(file_lock::take(path));
}

}  // namespace
}  // namespace nullworker
