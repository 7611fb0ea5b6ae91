#include "support/temporary_directory.hpp"

#include <nullworker/options/command.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace nullworker::options {
namespace {

enum class heat { low, high };

// A program with an option of every kind, and all that it is told.
struct oven {
    int port = 80;
    std::optional<int> outside;
    std::string name;
    std::string token;
    double share = 0.5;
    seconds patience{10};
    bool fan = false;
    heat level = heat::low;

    command table() {
        return {
            .name = "oven",
            .version = "1.2.3",
            .summary = "bakes",
            .description = "It is\nhot.",
            .footer = "Exit codes: 0 baked.",
            .file_variable = "OVEN_CONFIG",
            .groups = {{.options = {{.name = "fan", .variable = "OVEN_FAN", .target = &fan, .help = "Blow"}}},
                       {"Doors",
                        {{.name = "port",
                          .variable = "OVEN_PORT",
                          .target = &port,
                          .least = 1,
                          .most = 9999,
                          .help = "Its door"},
                         {.name = "outside",
                          .variable = "OUTSIDE_<OVEN_PORT>",
                          .target = &outside,
                          .least = 0,
                          .most = 9999,
                          .required = "the door in the wall",
                          .help = "The door in the wall"},
                         {.name = "name",
                          .variable = "OVEN_NAME",
                          .target = &name,
                          .required = "what it is called",
                          .help = "Its name"}}},
                       {"Heat",
                        {{.name = "share",
                          .variable = "OVEN_SHARE",
                          .target = &share,
                          .default_words = "never seen",
                          .help = "How full"},
                         {.name = "patience",
                          .variable = "OVEN_PATIENCE",
                          .read_by = variable_reader::program,
                          .target = &patience,
                          .help = "How long"},
                         {.name = "level",
                          .variable = "OVEN_LEVEL",
                          .target = one_of(level, {{"low", heat::low}, {"high", heat::high}}),
                          .help = "How hot"},
                         {.name = "token",
                          .variable = "OVEN_TOKEN",
                          .target = &token,
                          .default_words = "none",
                          .secret = true,
                          .help = "Who may"}}}}};
    }
};

class command_test : public testing::Test {
protected:
    ~command_test() override {
        for (const auto& name : touched)
            ::unsetenv(name.c_str());
    }

    void set(const std::string& name, const std::string& value) {
        ::setenv(name.c_str(), value.c_str(), 1);
        touched.push_back(name);
    }

    reading read(std::vector<std::string> words) {
        words.insert(words.begin(), "oven");
        std::vector<const char*> argv;
        argv.reserve(words.size());
        for (const auto& word : words)
            argv.push_back(word.c_str());
        return options::read(table, static_cast<int>(argv.size()), argv.data());
    }

    std::string error_of(const std::vector<std::string>& words) {
        return read(words).error.value_or("no error");
    }

    std::vector<std::string> touched;
    test::temporary_directory directory;
    oven told;
    command table = told.table();
};

TEST_F(command_test, a_flag_beats_a_variable_which_beats_the_file) {
    const auto file = directory.write("oven.conf", "port = 1\nshare = 0.1\nlevel = high\n");
    set("OVEN_PORT", "2");
    set("OVEN_SHARE", "0.2");
    const auto found = read({"--config", file, "--port", "3"});
    EXPECT_EQ(found.error, std::nullopt);
    EXPECT_EQ(told.port, 3);
    EXPECT_EQ(told.share, 0.2);
    EXPECT_EQ(told.level, heat::high);
    EXPECT_EQ(found.sources.at("port"), source::flag);
    EXPECT_EQ(found.sources.at("share"), source::variable);
    EXPECT_EQ(found.sources.at("level"), source::file);
    EXPECT_EQ(found.sources.at("fan"), source::nothing);
    EXPECT_TRUE(found.by_flag("port"));
    EXPECT_FALSE(found.by_flag("share"));
}

TEST_F(command_test, a_variable_spares_a_mistake_in_the_file) {
    set("OVEN_PORT", "2");
    EXPECT_EQ(error_of({"--config", directory.write("oven.conf", "port = x\n")}), "no error");
    EXPECT_EQ(told.port, 2);
}

TEST_F(command_test, the_name_of_a_variable_can_depend_on_another_option) {
    set("OUTSIDE_80", "1000");
    set("OUTSIDE_81", "1001");
    (void)read({});
    EXPECT_EQ(told.outside, 1000);
    (void)read({"--port", "81"});
    EXPECT_EQ(told.outside, 1001);
    set("OUTSIDE_81", "x");
    EXPECT_EQ(error_of({"--port", "81"}),
              "OUTSIDE_81 or --outside: x is not in the range 0 to 9999; see oven --help");
    EXPECT_EQ(error_of({"--outside", "x"}), "--outside: x is not in the range 0 to 9999; see oven --help");
}

TEST_F(command_test, a_variable_that_the_program_reads_is_left_to_it) {
    set("OVEN_PATIENCE", "3");
    EXPECT_EQ(read({}).sources.at("patience"), source::nothing);
    EXPECT_EQ(told.patience.count(), 10);
}

TEST_F(command_test, an_error_names_the_variable_the_flag_and_what_is_wrong) {
    EXPECT_EQ(error_of({"--level", "tepid"}),
              "OVEN_LEVEL or --level: tepid not in {low,high}; see oven --help");
    EXPECT_EQ(error_of({"--fan=maybe"}), "Could not convert: OVEN_FAN or --fan = maybe; see oven --help");
    EXPECT_EQ(error_of({"--port"}), "OVEN_PORT or --port: 1 required INT missing; see oven --help");
    set("OVEN_SHARE", "nan");
    EXPECT_EQ(error_of({}), "Could not convert: OVEN_SHARE or --share = nan; see oven --help");
}

TEST_F(command_test, after_an_error_the_rest_is_read_all_the_same) {
    set("OVEN_NAME", "Bertha");
    EXPECT_EQ(error_of({"--share", "x", "--port", "81"}),
              "Could not convert: OVEN_SHARE or --share = x; see oven --help");
    EXPECT_EQ(told.name, "Bertha");
    EXPECT_EQ(told.port, 81);
    EXPECT_EQ(told.share, 0.5);
}

TEST_F(command_test, unknown_flags_are_named_without_their_values) {
    EXPECT_EQ(error_of({"--tokn=s3cret", "--levl", "s3cret"}),
              "unknown arguments: --tokn --levl; see oven --help");
    EXPECT_EQ(error_of({"s3cret"}), "unknown arguments: words that belong to no flag; see oven --help");
}

TEST_F(command_test, the_file_must_be_there_and_name_options_only) {
    EXPECT_EQ(error_of({"--config", "/nonexistent"}),
              "/nonexistent was not readable (missing?); see oven --help");
    EXPECT_EQ(error_of({"--config", directory.path()}),
              directory.path().string() + " was not readable (missing?); see oven --help");
    EXPECT_EQ(error_of({"--config", directory.write("oven.conf", "prt = 1\n")}),
              "INI was not able to parse prt; see oven --help");
    EXPECT_EQ(error_of({"--config", directory.write("oven.conf", "[door]\nport = 1\n")}),
              "INI was not able to parse door.++; see oven --help");
    set("OVEN_CONFIG", "/elsewhere");
    EXPECT_EQ(error_of({}), "/elsewhere was not readable (missing?); see oven --help");
}

TEST_F(command_test, what_is_required_and_missing_is_named_by_its_variable) {
    (void)read({"--port", "81"});
    EXPECT_EQ(missing(table), "OVEN_NAME is not set: what it is called; set it or pass --name");
    told.name = "Bertha";
    EXPECT_EQ(missing(table), "OUTSIDE_81 is not set: the door in the wall; set it or pass --outside");
    told.outside = 0;
    EXPECT_EQ(missing(table), std::nullopt);
}

TEST_F(command_test, what_is_written_out_is_read_as_the_same) {
    const auto written = [this](const std::vector<std::string>& words) {
        EXPECT_EQ(error_of(words), "no error");
        return written_out(table);
    };
    const auto first =
        written({"--fan", "--port", "81", "--outside", "5", "--name", "exec:sh -c \"x, y\"", "--share",
                 "0.3333333333333333", "--patience", "1e6", "--level", "high", "--token", "s3cret"});
    EXPECT_EQ(first,
              "fan = true\n"
              "port = 81\n"
              "outside = 5\n"
              "name = 'exec:sh -c \"x, y\"'\n"
              "share = 0.3333333333333333\n"
              "patience = 1000000\n"
              "level = \"high\"\n"
              "# token = ********\n");
    const auto file = directory.write("oven.conf", first);
    told = oven();
    EXPECT_EQ(written_out(table),
              "fan = false\nport = 80\noutside = \"\"\nname = \"\"\nshare = 0.5\npatience = 10\n"
              "level = \"low\"\n# token is not set\n");
    told.token = "s3cret";
    EXPECT_EQ(written({"--config", file}), first);
}

TEST_F(command_test, help_and_version_are_asked_for_instead_of_a_run) {
    EXPECT_EQ(read({"--version"}).text, "oven 1.2.3\n");
    EXPECT_EQ(read({"--help"}).text,
              "oven bakes.\n"
              "It is\n"
              "hot.\n"
              "Usage: oven [OPTIONS]\n"
              "\n"
              "Options:\n"
              "  -h,--help                         Print this help message and exit\n"
              "  --config FILE                     Read settings from this file (Env:OVEN_CONFIG)\n"
              "  --version                         Display program version information and exit\n"
              "  --fan (Env:OVEN_FAN)              Blow\n"
              "\n\n"
              "Doors:\n"
              "  --port INT=80 (Env:OVEN_PORT)     Its door\n"
              "  --outside INT                     The door in the wall; required (Env:OUTSIDE_<OVEN_PORT>)\n"
              "  --name TEXT (Env:OVEN_NAME)       Its name; required\n"
              "\n\n"
              "Heat:\n"
              "  --share FLOAT=0.5 (Env:OVEN_SHARE)\n"
              "                                    How full (default: never seen)\n"
              "  --patience SECONDS=10             How long (Env:OVEN_PATIENCE)\n"
              "  --level low|high=low (Env:OVEN_LEVEL)\n"
              "                                    How hot\n"
              "  --token TEXT (Env:OVEN_TOKEN)     Who may (default: none)\n"
              "\n"
              "Exit codes: 0 baked.\n"
              "\n");
}

TEST_F(command_test, a_description_has_all_of_a_row) {
    const auto described = describe(table);
    EXPECT_EQ(described.name, "oven");
    EXPECT_EQ(described.summary, "bakes");
    EXPECT_EQ(described.description, "oven bakes.\nIt is\nhot.");
    std::vector<std::string> flags;
    for (const auto& option : described.options)
        flags.push_back(option.flags.back());
    EXPECT_EQ(flags,
              (std::vector<std::string>{"--help", "--config", "--version", "--fan", "--port", "--outside",
                                        "--name", "--share", "--patience", "--level", "--token"}));
    EXPECT_EQ(described.options[1].environment, "OVEN_CONFIG");
    EXPECT_TRUE(described.options[3].is_switch());
    const auto& outside = described.options[5];
    EXPECT_EQ(outside.value.name, "NUMBER");
    EXPECT_EQ(outside.environment, "OUTSIDE_<OVEN_PORT>");
    EXPECT_EQ(outside.help, "The door in the wall");
    EXPECT_EQ(outside.group, "Doors");
    EXPECT_TRUE(outside.required);
    EXPECT_EQ(described.options[7].default_value, "0.5");
    EXPECT_EQ(described.options[9].value.choices, (std::vector<std::string>{"low", "high"}));
    EXPECT_EQ(described.options[10].default_value, "none");
}

}  // namespace
}  // namespace nullworker::options
