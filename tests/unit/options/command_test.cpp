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
            .description = "\nIt is\nhot.",
            .footer = "Use gloves.",
            .exit_codes = {{"0", "baked"}, {"1", "burnt\nor raw"}, {"128+N", "hit by signal N"}},
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

reading read_words(const command& what, const std::vector<std::string>& words) {
    std::vector<const char*> argv = {what.name.c_str()};
    for (const auto& word : words)
        argv.push_back(word.c_str());
    return options::read(what, static_cast<int>(argv.size()), argv.data());
}

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

    reading read(const std::vector<std::string>& words) { return read_words(table, words); }

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
    EXPECT_EQ(error_of({"--port", "81"}), "OUTSIDE_81 or --outside: x is not in the range 0 to 9999");
    EXPECT_EQ(error_of({"--outside", "x"}), "--outside: x is not in the range 0 to 9999");
}

TEST_F(command_test, a_variable_that_the_program_reads_is_left_to_it) {
    set("OVEN_PATIENCE", "3");
    EXPECT_EQ(read({}).sources.at("patience"), source::nothing);
    EXPECT_EQ(told.patience.count(), 10);
}

TEST_F(command_test, an_error_names_the_variable_the_flag_and_what_is_wrong) {
    EXPECT_EQ(error_of({"--level", "tepid"}), "OVEN_LEVEL or --level: tepid is none of low, high");
    EXPECT_EQ(error_of({"--fan=maybe"}), "OVEN_FAN or --fan: maybe is neither true nor false");
    EXPECT_EQ(error_of({"--port="}), "OVEN_PORT or --port: an empty value is not in the range 1 to 9999");
    set("OVEN_SHARE", "nan");
    EXPECT_EQ(error_of({}), "OVEN_SHARE or --share: nan is no number");
}

TEST_F(command_test, after_an_error_the_rest_is_read_all_the_same) {
    set("OVEN_NAME", "Bertha");
    EXPECT_EQ(error_of({"--share", "x", "--port", "81"}), "OVEN_SHARE or --share: x is no number");
    EXPECT_EQ(told.name, "Bertha");
    EXPECT_EQ(told.port, 81);
    EXPECT_EQ(told.share, 0.5);
}

TEST_F(command_test, an_unknown_flag_is_named_without_its_value_and_with_the_nearest_one) {
    EXPECT_EQ(error_of({"--tokn=s3cret", "--levl", "s3cret"}),
              "unknown option --tokn; did you mean --token?");
    EXPECT_EQ(error_of({"--levl", "s3cret"}), "unknown option --levl; did you mean --level?");
    EXPECT_EQ(error_of({"--ot", "3"}), "unknown option --ot");
    EXPECT_EQ(error_of({"--pat", "3"}), "unknown option --pat; did you mean --patience?");
    EXPECT_EQ(error_of({"-port", "3"}), "unknown option -port; did you mean --port?");
    EXPECT_EQ(error_of({"-p", "3"}), "unknown option -p");
    EXPECT_EQ(error_of({"--saltiness"}), "unknown option --saltiness");
    EXPECT_EQ(error_of({"--" + std::string(100000, 'x')}).substr(0, 18), "unknown option --x");
}

TEST_F(command_test, a_word_that_belongs_to_no_flag_is_placed_and_not_repeated) {
    EXPECT_EQ(error_of({"s3cret"}), "a word belongs to no option");
    EXPECT_EQ(error_of({"--token", "s3", "cret"}), "a word behind --token belongs to no option");
    EXPECT_EQ(error_of({"--fan", "true"}), "--fan takes no value, and a word stands behind it");
}

TEST_F(command_test, a_flag_has_one_value) {
    EXPECT_EQ(error_of({"--port"}), "--port needs a value");
    EXPECT_EQ(error_of({"--name", "--port", "3"}), "--name needs a value");
    EXPECT_EQ(error_of({"--name=--port", "--port", "3"}), "no error");
    EXPECT_EQ(told.name, "--port");
    EXPECT_EQ(error_of({"--name", "-x -y"}), "no error");
    EXPECT_EQ(told.name, "-x -y");
    EXPECT_EQ(error_of({"--port", "3", "--port=4"}), "--port is given twice");
    EXPECT_EQ(error_of({"--fan", "--fan"}), "no error");
}

TEST_F(command_test, an_empty_text_is_no_value) {
    for (const auto* empty : {"", " ", "\t\n"})
        EXPECT_EQ(error_of({"--name", empty}),
                  "OVEN_NAME or --name: an empty value means nothing; leave it out");
    set("OVEN_NAME", "");
    EXPECT_EQ(error_of({}), "no error");
    table.groups[1].options[2].may_be_empty = true;
    told.name = "x";
    EXPECT_EQ(error_of({"--name", ""}), "no error");
    EXPECT_EQ(told.name, "");
}

TEST_F(command_test, a_number_beyond_64_bits_is_none) {
    for (const auto* number : {"99999999999999999999", "-99999999999999999999", "18446744073709551617"})
        EXPECT_EQ(error_of({"--port", number}),
                  "OVEN_PORT or --port: " + std::string(number) + " is not in the range 1 to 9999");
}

TEST_F(command_test, the_file_must_be_there) {
    EXPECT_EQ(error_of({"--config", "/nonexistent"}),
              "/nonexistent: cannot be read: No such file or directory");
    EXPECT_EQ(error_of({"--config", directory.path()}),
              directory.path().string() + ": cannot be read: Is a directory");
    set("OVEN_CONFIG", "/elsewhere");
    EXPECT_EQ(error_of({}), "/elsewhere: cannot be read: No such file or directory");
}

class settings_file_test : public command_test {
protected:
    // What is wrong with a file, without its name.
    std::string file_error(const std::string& text) {
        told = oven();
        const auto file = directory.write("oven.conf", text);
        auto error = error_of({"--config", file});
        return error.starts_with(file) ? error.substr(file.size()) : error;
    }
    std::string name_in(const std::string& text) {
        const auto wrong = file_error(text);
        return wrong == "no error" ? told.name : "error" + wrong;
    }
};

TEST_F(settings_file_test, a_value_is_what_stands_behind_the_equals_sign) {
    EXPECT_EQ(name_in("name = exec:pgrep -x consumer\n"), "exec:pgrep -x consumer");
    EXPECT_EQ(name_in("name=https://a, https://b"), "https://a, https://b");
    EXPECT_EQ(name_in("name = /a path/with spaces  \n"), "/a path/with spaces");
    EXPECT_EQ(name_in("name = a=b # c ; d\n"), "a=b # c ; d");
    EXPECT_EQ(name_in("name = [a, b] {c} \\n\n"), "[a, b] {c} \\n");
    EXPECT_EQ(name_in("name = exec:sh -c \"x 'y'\"\n"), "exec:sh -c \"x 'y'\"");
    EXPECT_EQ(name_in("name =\n"), "");
}

TEST_F(settings_file_test, quotes_around_the_whole_of_a_value_are_none_of_it) {
    EXPECT_EQ(name_in("name = \" a b \"\n"), " a b ");
    EXPECT_EQ(name_in("name = 'a \"b\"'\n"), "a \"b\"");
    EXPECT_EQ(name_in("name = \"a\" \"b\"\n"), "\"a\" \"b\"");
    EXPECT_EQ(name_in("name = \"\n"), "\"");
    EXPECT_EQ(name_in("name = \"\"\n"), "");
}

TEST_F(settings_file_test, comments_and_what_editors_leave_behind_say_nothing) {
    EXPECT_EQ(name_in("\xef\xbb\xbf# a comment = 1\r\n\r\n  ; another\r\n\tname\t=\tx\t\r\n"), "x");
}

TEST_F(settings_file_test, an_unknown_key_names_itself_its_line_and_the_nearest_key) {
    EXPECT_EQ(file_error("# port\n\nprt = 1\n"), ": line 3: unknown key 'prt'; did you mean port?");
    EXPECT_EQ(file_error("port = 5\nsalt = 1\n"), ": line 2: unknown key 'salt'");
    EXPECT_EQ(told.port, 5);
    EXPECT_EQ(file_error("--port = 5\n"), ": line 1: unknown key '--port'; did you mean port?");
    EXPECT_EQ(file_error("PATIENCE = 5\n"), ": line 1: unknown key 'PATIENCE'; did you mean patience?");
    EXPECT_EQ(file_error("OVEN_NAME = x\n"), ": line 1: unknown key 'OVEN_NAME'; did you mean name?");
}

TEST_F(settings_file_test, a_file_without_a_name_is_no_file) {
    EXPECT_EQ(error_of({"--config="}), "--config: an empty value means nothing; leave it out");
    EXPECT_EQ(error_of({"--config", ""}), "--config: an empty value means nothing; leave it out");
    EXPECT_EQ(error_of({"--confg", "x"}), "unknown option --confg; did you mean --config?");
}

TEST_F(settings_file_test, what_is_wrong_in_a_line_is_told_in_plain_words) {
    EXPECT_EQ(file_error("[door]\nport = 1\n"),
              ": line 1: there are no sections; each line is `key = value`");
    EXPECT_EQ(told.port, 1);
    EXPECT_EQ(file_error("port 1\n"), ": line 1: there is no = in it; each line is `key = value`");
    EXPECT_EQ(file_error("port = 1\nport = 2\n"), ": line 2: 'port' is set in line 1 already");
    EXPECT_EQ(file_error("\nlevel = tepid\n"), ": line 2: level: tepid is none of low, high");
    EXPECT_EQ(file_error("level = 0\n"), ": line 1: level: 0 is none of low, high");
    EXPECT_EQ(file_error("fan = maybe\n"), ": line 1: fan: maybe is neither true nor false");
    EXPECT_EQ(file_error("port = 80 # the door\n"),
              ": line 1: port: 80 # the door is not in the range 1 to 9999");
}

TEST_F(settings_file_test, what_is_written_out_is_read_as_the_same_whatever_quotes_are_in_it) {
    for (const auto* value : {"it's \"so\"", "'a' 'b'", "\"x\"", " a ", "", "# x", "a = 'b'"}) {
        told = oven();
        told.name = value;
        EXPECT_EQ(name_in(written_out(table)), value);
    }
    told.name = "two\nlines";
    const auto written = written_out(table);
    EXPECT_NE(written.find("# name is set, to what no line can hold\n"), std::string::npos) << written;
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
    EXPECT_EQ(read({"--version"}).version, "oven 1.2.3\n");
    EXPECT_EQ(read({"--help"}).help,
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
              "Use gloves.\n"
              "Exit codes: 0 baked, 1 burnt\n"
              "or raw,\n"
              "128+N hit by signal N.\n");
}

TEST_F(command_test, a_line_of_help_fits_100_columns) {
    auto& row = table.groups[1].options[0];
    row.help = std::string(40, 'a') + ' ' + std::string(20, 'b') + " … " + std::string(30, 'c') + ' ' +
               std::string(120, 'd');
    table.footer = std::string(99, 'e') + " f " + std::string(98, 'g') + " h";
    const auto text = read({"--help"}).help.value();
    const std::string indent(36, ' ');
    EXPECT_NE(
        text.find("  --port INT=80 (Env:OVEN_PORT)     " + std::string(40, 'a') + ' ' + std::string(20, 'b') +
                  " …\n" + indent + std::string(30, 'c') + '\n' + indent + std::string(120, 'd') + '\n'),
        std::string::npos)
        << text;
    EXPECT_NE(text.find('\n' + std::string(99, 'e') + "\nf " + std::string(98, 'g') + "\nh\n"),
              std::string::npos)
        << text;
}

TEST_F(command_test, a_description_has_all_of_a_row) {
    const auto described = describe(table);
    EXPECT_EQ(described.name, "oven");
    EXPECT_EQ(described.summary, "bakes");
    EXPECT_EQ(described.description, "oven bakes.\nIt is\nhot.");
    EXPECT_EQ(described.footer, "Use gloves.");
    ASSERT_EQ(described.exit_codes.size(), 3u);
    EXPECT_EQ(described.exit_codes[1].code, "1");
    EXPECT_EQ(described.exit_codes[1].meaning, "burnt or raw");
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

// A program that does two things.
struct kitchen {
    std::string dish;
    int guests = 0;
    seconds limit{60};
    bool loud = false;
    bool quiet = false;

    command table() {
        const option_group common = {
            "Noise",
            {{.name = "loud", .variable = "KITCHEN_LOUD", .target = &loud, .help = "Sing"},
             {.name = "quiet", .target = &quiet, .excludes = "loud", .help = "Hush"}}};
        return {.name = "kitchen",
                .version = "1",
                .summary = "feeds\npeople",
                .description = " It is hot.",
                .footer = "Mind the stove.",
                .help_column = 30,
                .subcommands = {
                    {.name = "cook",
                     .group = "At noon",
                     .summary = "Make a dish",
                     .footer = "Salt it.",
                     .positionals =
                         {{.name = "dish", .target = &dish, .must_be_passed = true, .help = "What to make"}},
                     .groups = {common,
                                {.options = {{.name = "limit",
                                              .target = &limit,
                                              .least = 1,
                                              .most = 90,
                                              .help = "How long"}}}},
                     .behind_dashes = "CMD"},
                    {.name = "serve",
                     .group = "At night",
                     .summary = "Lay the table",
                     .groups = {common,
                                {.options = {{.name = "guests",
                                              .target = &guests,
                                              .least = 1,
                                              .most = 9,
                                              .must_be_passed = true,
                                              .help = "How many eat"}}}}}}};
    }
};

class subcommand_test : public testing::Test {
protected:
    reading read(const std::vector<std::string>& words) { return read_words(table, words); }

    std::string error_of(const std::vector<std::string>& words) {
        return read(words).error.value_or("no error");
    }

    kitchen told;
    command table = told.table();
};

TEST(repeated_word, takes_all_the_words_that_are_left) {
    std::string first;
    std::vector<std::string> rest;
    const command table{
        .name = "pack",
        .version = "1",
        .positionals = {{.name = "bag", .target = &first, .must_be_passed = true, .help = "Into"},
                        {.name = "thing", .target = &rest, .must_be_passed = true, .help = "What"}}};
    EXPECT_EQ(read_words(table, {"box"}).error, "thing is required");
    EXPECT_EQ(read_words(table, {"box", "a", ""}).error, "thing: an empty value means nothing; leave it out");
    rest.clear();
    EXPECT_EQ(read_words(table, {"box", "b", "a", "a"}).error, std::nullopt);
    EXPECT_EQ(first, "box");
    EXPECT_EQ(rest, (std::vector<std::string>{"b", "a", "a"}));
    EXPECT_TRUE(describe(table).positionals.at(1).repeated);
    EXPECT_FALSE(describe(table).positionals.at(0).repeated);
}

TEST_F(command_test, a_word_that_is_none_of_the_choices_shows_no_password) {
    EXPECT_EQ(error_of({"--level", "redis://bob:s3cret@h"}),
              "OVEN_LEVEL or --level: redis://h is none of low, high");
}

TEST_F(subcommand_test, one_of_them_is_meant_and_has_options_of_its_own) {
    const auto found = read({"cook", "--limit", "5", "soup", "--loud"});
    EXPECT_EQ(found.error, std::nullopt);
    EXPECT_EQ(found.subcommand, "cook");
    EXPECT_EQ(told.dish, "soup");
    EXPECT_EQ(told.limit, seconds(5));
    EXPECT_TRUE(found.by_flag("loud"));
    EXPECT_FALSE(found.by_flag("quiet"));
    EXPECT_FALSE(found.sources.contains("guests"));
    EXPECT_EQ(read({"serve", "--guests", "3"}).subcommand, "serve");
    EXPECT_EQ(told.guests, 3);
}

TEST_F(subcommand_test, what_must_be_passed_is_missed) {
    EXPECT_EQ(error_of({}), "no command is named; the commands are cook, serve");
    EXPECT_EQ(error_of({"cook"}), "dish is required");
    EXPECT_EQ(error_of({"serve"}), "--guests is required");
}

TEST_F(subcommand_test, an_error_names_the_word_or_the_flag) {
    EXPECT_EQ(error_of({"cook", "soup", "--limit", "0"}), "--limit: 0 is not in the range 1 to 90");
    EXPECT_EQ(error_of({"cook", "soup", "--loud=x"}), "KITCHEN_LOUD or --loud: x is neither true nor false");
    EXPECT_EQ(error_of({"cook", "soup", "--guests", "3"}),
              "unknown option --guests; it is one of kitchen serve");
    EXPECT_EQ(error_of({"--guests", "3", "serve"}),
              "unknown option --guests; write it behind the command, as in kitchen serve --guests");
    EXPECT_EQ(error_of({"serve", "--gests", "3"}), "unknown option --gests; did you mean --guests?");
}

TEST_F(subcommand_test, an_unknown_command_is_named_with_the_nearest_one) {
    EXPECT_EQ(error_of({"cok"}), "unknown command 'cok'; did you mean cook?");
    EXPECT_EQ(error_of({"sevre", "--guests", "3"}), "unknown command 'sevre'; did you mean serve?");
    EXPECT_EQ(error_of({"bake"}), "unknown command 'bake'");
    EXPECT_EQ(error_of({"dishwasher"}), "unknown command 'dishwasher'");
}

TEST_F(subcommand_test, a_word_too_many_is_named_and_where_a_command_is_taken_the_dashes_are) {
    EXPECT_EQ(error_of({"cook", "soup", "echo", "hi"}),
              "'echo' belongs to no option; a command stands behind --, as in kitchen cook -- echo");
    EXPECT_EQ(error_of({"serve", "--guests", "3", "4"}), "'4' belongs to no option");
}

TEST_F(subcommand_test, help_is_given_whatever_else_is_wrong) {
    EXPECT_TRUE(read({"serve", "--gests", "--help"}).help);
    EXPECT_TRUE(read({"cook", "--limit", "-h"}).help);
}

TEST_F(subcommand_test, of_what_excludes_each_other_one_is_taken) {
    EXPECT_EQ(error_of({"cook", "soup", "--quiet"}), "no error");
    EXPECT_EQ(error_of({"cook", "soup", "--quiet", "--loud"}), "--loud and --quiet exclude each other");
}

TEST_F(subcommand_test, a_negative_number_can_be_a_word) {
    EXPECT_EQ(error_of({"cook", "-1"}), "no error");
    EXPECT_EQ(told.dish, "-1");
}

TEST_F(subcommand_test, each_has_a_help_and_lends_a_footer_where_it_has_none) {
    EXPECT_EQ(read({"--help"}).help,
              "kitchen feeds\n"
              "people. It is hot.\n"
              "Usage: kitchen [OPTIONS] SUBCOMMAND\n"
              "\n"
              "Options:\n"
              "  -h,--help                   Print this help message and exit\n"
              "  --version                   Display program version information and exit\n"
              "\n"
              "At noon:\n"
              "  cook                        Make a dish\n"
              "\n"
              "At night:\n"
              "  serve                       Lay the table\n"
              "\n"
              "Mind the stove.\n");
    EXPECT_EQ(read({"cook", "--help"}).help,
              "Make a dish\n"
              "Usage: kitchen cook [OPTIONS] dish [-- CMD...]\n"
              "\n"
              "Positionals:\n"
              "  dish TEXT REQUIRED          What to make\n"
              "\n"
              "Options:\n"
              "  -h,--help                   Print this help message and exit\n"
              "  --limit SECONDS=60          How long\n"
              "\n\n"
              "Noise:\n"
              "  --loud (Env:KITCHEN_LOUD) Excludes: --quiet\n"
              "                              Sing\n"
              "  --quiet Excludes: --loud    Hush\n"
              "\n"
              "Salt it.\n");
    const auto text = read({"serve", "--help"}).help.value();
    EXPECT_TRUE(text.ends_with("Mind the stove.\n")) << text;
    EXPECT_NE(text.find("  --guests INT REQUIRED       How many eat; required\n"), std::string::npos) << text;
}

TEST_F(subcommand_test, a_description_has_them_all) {
    const auto described = describe(table);
    EXPECT_EQ(described.summary, "feeds people");
    EXPECT_EQ(described.description, "kitchen feeds\npeople. It is hot.");
    ASSERT_EQ(described.subcommands.size(), 2u);
    const auto& cook = described.subcommands[0];
    EXPECT_EQ(cook.name, "cook");
    EXPECT_EQ(cook.group, "At noon");
    EXPECT_EQ(cook.summary, "Make a dish");
    EXPECT_EQ(cook.description, "Make a dish");
    EXPECT_EQ(cook.footer, "Salt it.");
    EXPECT_EQ(cook.behind_dashes, "CMD");
    ASSERT_EQ(cook.positionals.size(), 1u);
    EXPECT_EQ(cook.positionals[0].value.name, "dish");
    EXPECT_TRUE(cook.positionals[0].required);
    std::vector<std::string> flags;
    for (const auto& option : cook.options)
        flags.push_back(option.flags.back());
    EXPECT_EQ(flags, (std::vector<std::string>{"--help", "--loud", "--quiet", "--limit"}));
    EXPECT_EQ(cook.options[3].default_value, "60");
    const auto& guests = described.subcommands[1].options.back();
    EXPECT_TRUE(guests.required);
    EXPECT_EQ(guests.default_value, "");
    EXPECT_EQ(guests.help, "How many eat");
}

}  // namespace
}  // namespace nullworker::options
