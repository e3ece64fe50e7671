#include <gtest/gtest.h>

#include "tidy/planted.h"

namespace watchbill::tidy {
namespace {

constexpr const char* head = "// What it is.\n#pragma once\n";

std::string lines(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "//\n";
  return text;
}

TEST(length, of_a_header_is_at_most_150) {
  EXPECT_EQ(found_in("src/model/a.h", head + lines(148)), Lines{});
  EXPECT_EQ(found_in("src/model/a.h", head + lines(149)), (Lines{"src/model/a.h: header-lines"}));
}

TEST(length, of_a_file_is_at_most_800) {
  EXPECT_EQ(found_in("src/model/a.cpp", lines(800)), Lines{});
  EXPECT_EQ(found_in("src/model/a.cpp", lines(801)), (Lines{"src/model/a.cpp: file-lines"}));
}

TEST(length, of_a_line_is_at_most_130_code_points) {
  EXPECT_EQ(found_in("test/a.cpp", "//" + std::string(128, 'x') + "\n"), Lines{});
  EXPECT_EQ(found_in("test/a.cpp", "\n//" + std::string(129, 'x') + "\n"), (Lines{"test/a.cpp:2: line-columns"}));
  std::string accented = "//";
  for (int i = 0; i < 128; ++i) accented += "é";
  EXPECT_EQ(found_in("test/a.cpp", accented), Lines{});
}

TEST(length, of_a_function_is_at_most_70_wherever_it_stands) {
  const auto function = [](const char* before, std::size_t inner) {
    return std::string(before) + "void f() {\n" + lines(inner) + "}\n";
  };
  EXPECT_EQ(found_in("src/model/a.cpp", function("", 68)), Lines{});
  EXPECT_EQ(found_in("src/model/a.cpp", function("", 69)), (Lines{"src/model/a.cpp:1: function-lines"}));
  EXPECT_EQ(found_in("test/a/b.cpp", function("namespace a {\nclass B {\n", 69)), (Lines{"test/a/b.cpp:3: function-lines"}));
  EXPECT_EQ(found_in("src/model/a.cpp", "namespace a {\n" + lines(80) + "}\nclass A {\n" + lines(80) + "};\n"), Lines{});
  // The lines of a lambda are its function's.
  EXPECT_EQ(found_in("src/model/a.cpp", function("", 0) + "void g() {\n auto h = [] {\n" + lines(68) + "};\n}\n"),
            (Lines{"src/model/a.cpp:3: function-lines"}));
}

TEST(marker, is_found_in_code_scripts_and_documents_but_not_within_words) {
  EXPECT_EQ(found_in("src/model/a.cpp", "int a;  // TO" "DO: more\n"), (Lines{"src/model/a.cpp:1: marker"}));
  EXPECT_EQ(found_in("docs/a.md", "\nFIX" "ME\n"), (Lines{"docs/a.md:2: marker"}));
  EXPECT_EQ(found_in("check", "# XX" "X HA" "CK\n"), (Lines{"check:1: marker", "check:1: marker"}));
  EXPECT_EQ(found_in("src/model/a.cpp", "const char* a = \"/tmp/XXXXXX\";  // METHODOLOGY, TO" "DOS_\n"), Lines{});
}

TEST(vague_name, of_a_file_folder_type_or_namespace_is_found) {
  EXPECT_EQ(found_in("src/model/string_util.cpp", ""), (Lines{"src/model/string_util.cpp: vague-name"}));
  EXPECT_EQ(found_in("test/common/a.cpp", ""), (Lines{"test/common/a.cpp: vague-name"}));
  EXPECT_EQ(found_in("src/model/a.cpp", "class SilenceManager {\n};\n"), (Lines{"src/model/a.cpp:1: vague-name"}));
  EXPECT_EQ(found_in("src/model/a.cpp", "namespace watchbill::common {\n}\n"), (Lines{"src/model/a.cpp:1: vague-name"}));
  EXPECT_EQ(found_in("src/model/a.cpp", "struct HttpHelpers;\n"), (Lines{"src/model/a.cpp:1: vague-name"}));
  // Alertmanager's templates have common labels; utilization is no utility.
  EXPECT_EQ(found_in("src/model/common_labels.cpp", "struct CommonLabels {};\nstruct Utilization {};\n"), Lines{});
}

TEST(contract, a_header_begins_with_a_comment) {
  EXPECT_EQ(found_in("src/model/a.h", "#pragma once\n"), (Lines{"src/model/a.h:1: contract"}));
}

TEST(contract, each_function_and_type_of_a_header_is_explained) {
  const std::string begin = std::string(head) + "namespace watchbill {\n";
  EXPECT_EQ(found_in("src/model/a.h", begin + "// Says a.\nint a();\n\nint b(int c,\n      int d);\n}\n"),
            (Lines{"src/model/a.h:7: contract"}));
  EXPECT_EQ(found_in("src/model/a.h", begin + "// Says a.\nint a();\n\nstruct B {\n  int b();\n  int c() const;\n};\n}\n"),
            (Lines{"src/model/a.h:7: contract"}));
  EXPECT_EQ(found_in("src/model/a.h", begin + "// Says a.\nint a();\n\n[[nodiscard]] std::vector<int> b(std::span<int> c);\n}\n"),
            (Lines{"src/model/a.h:7: contract"}));
  // A comment on the namespace or of another declaration does not count; one for a block does.
  EXPECT_EQ(found_in("src/model/a.h", std::string(head) + "// Ours.\nnamespace watchbill {\nint a();\nint b();\n}\n"),
            (Lines{"src/model/a.h:5: contract", "src/model/a.h:6: contract"}));
  EXPECT_EQ(found_in("src/model/a.h", begin + "// Both say it.\nint a();\nint b();\n}\n"), Lines{});
}

TEST(contract, spares_what_explains_itself) {
  const std::string begin = std::string(head) + "namespace watchbill {\n// Says a.\nint a();\n\n";
  for (const char* plain :
       {"inline int b() { return 1; }\n", "class Forward;\n", "bool operator==(B, B);\n", "int a(int other);\n",
        "using B = int;\n", "inline constexpr int b = 1;\n", "template <>\nstruct std::hash<B> {\n  int b();\n  int c();\n};\n",
        "int c_of(B);\n", "struct B {\n  int seconds{0};\n};\n", "struct B {\n  int c;  // in seconds\n  int d();\n};\n",
        "struct B {\n  Duration grace{Duration::seconds(5)};\n  int retry_count{0};\n};\n",
        "struct B {\n  int c{0};\n  void visit() { f(c); }\n};\n",
        "namespace detail {\nint b();\nint c();\n}\n", "static_assert(sizeof(int) == 4);\n", "WB_MACRO(b);\n"})
    EXPECT_EQ(found_in("src/model/a.h", begin + plain + "}\n"), Lines{}) << plain;
  EXPECT_EQ(found_in("src/model/a.h", std::string(head) + "int a();\n"), Lines{}) << "the head speaks of the only one";
}

TEST(header, guards_itself_and_its_namespace_is_its_folder) {
  EXPECT_EQ(found_in("src/model/a.h", "// What.\n"), (Lines{"src/model/a.h:1: pragma-once"}));
  EXPECT_EQ(
      found_in("src/core/mute/a.h", std::string(head) + "namespace watchbill {\nclass B;\n}\nnamespace watchbill::mute {\n}\n"),
      (Lines{"src/core/mute/a.h:3: namespace"}));
  EXPECT_EQ(found_in("src/core/mute/a.h",
                     std::string(head) + "namespace watchbill {\nclass B;\n}\nnamespace watchbill::core::mute {\n}\n"),
            Lines{});
}

}  // namespace
}  // namespace watchbill::tidy
