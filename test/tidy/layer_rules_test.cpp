#include <gtest/gtest.h>

#include "tidy/planted.h"

namespace watchbill::tidy {
namespace {

// The findings of one file that includes another.
Lines found_including(const std::string& path, const std::string& target) {
  return found({{path, "#include \"" + target + "\"\n"}, {"src/" + target, "// What.\n#pragma once\n"}});
}

TEST(layer, only_what_the_table_allows_may_be_included) {
  EXPECT_EQ(found_including("src/model/a.cpp", "base/b.h"), Lines{});
  EXPECT_EQ(found_including("src/base/a.cpp", "model/b.h"), (Lines{"src/base/a.cpp:1: layer"}));
  EXPECT_EQ(found_including("src/app/a.cpp", "drivers/net/b.h"), Lines{});
  EXPECT_EQ(found_including("src/engine/a.cpp", "core/plan/b.h"), Lines{});
  EXPECT_EQ(found_including("src/engine/a.cpp", "keeper/b.h"), (Lines{"src/engine/a.cpp:1: layer"}));
}

TEST(layer, areas_of_core_and_drivers_have_no_siblings) {
  EXPECT_EQ(found_including("src/core/mute/a.cpp", "core/mute/b.h"), Lines{});
  EXPECT_EQ(found_including("src/core/mute/a.cpp", "core/plan/b.h"), (Lines{"src/core/mute/a.cpp:1: layer"}));
  EXPECT_EQ(found_including("src/core/mute/a.cpp", "core/state.h"), (Lines{"src/core/mute/a.cpp:1: layer"}));
  EXPECT_EQ(found_including("src/core/react.cpp", "core/mute/b.h"), Lines{});
  EXPECT_EQ(found_including("src/drivers/net/a.cpp", "drivers/sqlite/b.h"), (Lines{"src/drivers/net/a.cpp:1: layer"}));
}

TEST(layer, a_named_row_is_stronger_than_a_star_and_a_longer_one_than_a_short_one) {
  EXPECT_EQ(found_including("src/drivers/query/a.cpp", "metrics/promql/b.h"), Lines{});
  EXPECT_EQ(found_including("src/drivers/net/a.cpp", "metrics/promql/b.h"), (Lines{"src/drivers/net/a.cpp:1: layer"}));
  EXPECT_EQ(found_including("src/model/wire/a.cpp", "model/b.h"), (Lines{"src/model/wire/a.cpp:1: layer"}));
  EXPECT_EQ(found_including("src/keeper/a.cpp", "model/wire/b.h"), Lines{});
  EXPECT_EQ(found_including("src/keeper/a.cpp", "model/b.h"), (Lines{"src/keeper/a.cpp:1: layer"}));
}

TEST(layer, a_single_header_of_a_folder_can_be_allowed) {
  EXPECT_EQ(found_including("src/metrics/tsdb/a.cpp", "ports/files.h"), Lines{});
  EXPECT_EQ(found_including("src/metrics/tsdb/a.cpp", "ports/clock.h"), (Lines{"src/metrics/tsdb/a.cpp:1: layer"}));
}

TEST(layer, a_folder_without_a_row_is_found) {
  EXPECT_EQ(found_in("src/new/a.cpp", ""), (Lines{"src/new/a.cpp: layer"}));
}

TEST(layer, tests_may_include_all_of_src) {
  EXPECT_EQ(found_including("test/a/a.cpp", "core/mute/b.h"), Lines{});
}

TEST(layer, a_table_that_cannot_be_read_says_where) {
  std::string error;
  EXPECT_TRUE(Layers::parse("base: ; 10\nmodel base\n", error).rows().empty());
  EXPECT_EQ(error, "line 2: expected FOLDER: FOLDERS ; BUDGET");
  EXPECT_TRUE(Layers::parse("base: ; many\n", error).rows().empty());
  EXPECT_EQ(error, "line 1: expected a number of lines behind ';'");
  EXPECT_TRUE(Layers::parse("base:\nbase: model\n", error).rows().empty());
  EXPECT_EQ(error, "line 2: a second row for base");
}

TEST(include_path, is_written_from_src_and_names_a_file_of_ours) {
  EXPECT_EQ(found({{"src/base/a.cpp", "#include \"b.h\"\n"}, {"src/base/b.h", "// What.\n#pragma once\n"}}),
            (Lines{"src/base/a.cpp:1: include-path"}));
  EXPECT_EQ(found({{"src/base/a.cpp", "#include \"../base/b.h\"\n"}, {"src/base/b.h", "// What.\n#pragma once\n"}}),
            (Lines{"src/base/a.cpp:1: include-path"}));
}

TEST(banned_header, costly_headers_are_not_in_headers) {
  const std::string head = "// What.\n#pragma once\n";
  for (const char* name : {"iostream", "filesystem"}) {
    EXPECT_EQ(found_in("src/base/a.h", head + "#include <" + name + ">\n"), (Lines{"src/base/a.h:3: banned-header"}));
    EXPECT_EQ(found_in("src/base/a.cpp", std::string("#include <") + name + ">\n"), Lines{});
  }
  EXPECT_EQ(found_in("src/base/a.cpp", "#include <regex>\n"), (Lines{"src/base/a.cpp:1: banned-header"}));
  EXPECT_EQ(found_in("src/base/a.cpp", "#include <coroutine>\n"), (Lines{"src/base/a.cpp:1: banned-header"}));
  EXPECT_EQ(found_in("src/model/a.h", head + "#include <sqlite3.h>\n"), (Lines{"src/model/a.h:3: banned-header"}));
  EXPECT_EQ(found_in("src/model/a.h", head + "#include <fmt/core.h>\n#include <tl/expected.hpp>\n#include <map>\n"), Lines{});
}

TEST(banned_header, boost_is_for_the_network_driver_and_five_of_its_files) {
  EXPECT_EQ(found_in("src/base/a.cpp", "#include <boost/json.hpp>\n"), (Lines{"src/base/a.cpp:1: banned-header"}));
  EXPECT_EQ(found_in("src/metrics/tsdb/a.cpp", "#include <boost/unordered/unordered_flat_map.hpp>\n"), Lines{});
  // Through a header counts as well: it is compiled all the same.
  Files files{{"src/drivers/net/stream.h", "// What.\n#pragma once\n#include <boost/asio.hpp>\n"}};
  for (const char* name : {"a", "b", "c", "d", "e"})
    files.emplace_back(std::string("src/drivers/net/") + name + ".cpp", "#include \"drivers/net/stream.h\"\n");
  EXPECT_EQ(found(files), Lines{});
  files.emplace_back("src/metrics/tsdb/e.cpp", "#include <boost/unordered/unordered_flat_map.hpp>\n");
  EXPECT_EQ(found(files), Lines{}) << "its containers are not its network";
  files.emplace_back("src/drivers/net/f.cpp", "#include \"drivers/net/stream.h\"\n");
  EXPECT_EQ(found(files), (Lines{"src/drivers/net/f.cpp: banned-header"}));
}

TEST(banned_header, cli11_re2_and_the_time_zones_are_in_one_file_each) {
  for (const char* name : {"CLI/CLI.hpp", "re2/re2.h", "date/tz.h"}) {
    const std::string include = std::string("#include <") + name + ">\n";
    EXPECT_EQ(found({{"src/base/a.cpp", include}}), Lines{});
    EXPECT_EQ(found({{"src/base/a.cpp", include}, {"src/base/b.cpp", include}}), (Lines{"src/base/b.cpp: banned-header"}));
  }
}

TEST(virtual_rule, only_ports_declare_virtual_functions) {
  const std::string text = "struct A {\n  virtual void f() = 0;\n};\n";
  EXPECT_EQ(found_in("src/engine/a.cpp", text), (Lines{"src/engine/a.cpp:2: virtual"}));
  EXPECT_EQ(found_in("src/ports/a.cpp", text), Lines{});
}

TEST(budget, is_a_warning) {
  std::string text;
  for (int i = 0; i < 41; ++i) text += "//\n";
  EXPECT_EQ(found_in("src/base/a.cpp", text), (Lines{"src/base: warning: budget"}));
}

TEST(allow, excuses_one_rule_in_one_file_and_only_what_is_there) {
  const std::string row = "virtual src/engine/a.cpp: a reason\n";
  EXPECT_EQ(found({{"src/engine/a.cpp", "struct A { virtual ~A(); };\n"}, {"tools/tidy/allow.txt", "# why\n" + row}}), Lines{});
  EXPECT_EQ(found({{"src/engine/b.cpp", "struct A { virtual ~A(); };\n"}, {"tools/tidy/allow.txt", row}}),
            (Lines{"src/engine/b.cpp:1: virtual", "tools/tidy/allow.txt:1: allow"}));
  EXPECT_EQ(found({{"tools/tidy/allow.txt", "virtual src/engine/a.cpp\n"}}), (Lines{"tools/tidy/allow.txt:1: allow"}));
}

TEST(text, names_place_rule_and_what_is_expected) {
  EXPECT_EQ(text_of({"src/a.h", 3, "virtual", "only in ports"}), "src/a.h:3: virtual: only in ports");
  EXPECT_EQ(text_of({"src/a", 0, "budget", "talk", true}), "src/a: warning: budget: talk");
}

}  // namespace
}  // namespace watchbill::tidy
