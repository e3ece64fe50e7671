// What the reader of C++ must not be fooled by.
#include <gtest/gtest.h>

#include "tidy/source.h"

namespace watchbill::tidy {
namespace {

std::vector<std::string> functions_in(std::string text) {
  Source source;
  read_source("src/base/a.cpp", std::move(text), source);
  std::vector<std::string> lines;
  for (const Declaration& declaration : declarations_of(source))
    if (declaration.kind == Declaration::Kind::function && declaration.is_definition)
      lines.push_back(std::string(declaration.name) + " " + std::to_string(declaration.first_line) + "-" +
                      std::to_string(declaration.last_line));
  return lines;
}

using Lines = std::vector<std::string>;

TEST(scanner, strings_comments_and_raw_strings_are_no_code) {
  Source source;
  read_source("a.cpp",
              "int a = 1'000; // virtual {\n"
              "const char* b = \"virtual \\\" {\";\n"
              "/* virtual\n   { */ char c = '{'; char d = '\\'';\n"
              "const char* e = R\"x(virtual \" )\" { )x\"; int f;\n",
              source);
  EXPECT_EQ(source.code.find("virtual"), std::string::npos);
  EXPECT_EQ(source.code.find('{'), std::string::npos);
  EXPECT_EQ(source.tokens.back().text, ";");
  EXPECT_EQ(source.tokens[source.tokens.size() - 2].text, "f");
  EXPECT_EQ(source.tokens.back().line, 5U);
  EXPECT_EQ(source.code.size(), source.text.size());
  EXPECT_EQ(source.comments.size(), source.text.size());
}

TEST(scanner, a_function_reaches_from_its_first_token_to_its_brace) {
  EXPECT_EQ(functions_in("namespace a {\nint f(int x) {\n  if (x) { return 1; }\n  return 2;\n}\n}\n"), (Lines{"f 2-5"}));
  EXPECT_EQ(functions_in("template <class T>\n[[nodiscard]] constexpr T f(T a) noexcept {\n  return a;\n}\n"), (Lines{"f 1-4"}));
  EXPECT_EQ(functions_in("auto f() -> int {\n}\n"), (Lines{"f 1-2"}));
  EXPECT_EQ(functions_in("#define X {\nint f() {\n}\n"), (Lines{"f 2-3"}));
  EXPECT_EQ(functions_in("void f(const A& a = {}) {\n}\n"), (Lines{"f 1-2"}));
  EXPECT_EQ(functions_in("A& A::operator=(const A& a) {\n}\nbool operator==(A, A) {\n}\nvoid A::operator()(int) {\n}\n"),
            (Lines{"operator 1-2", "operator 3-4", "operator 5-6"}));
  EXPECT_EQ(functions_in("TEST(a, b) {\n}\n"), (Lines{"TEST 1-2"}));
}

TEST(scanner, a_constructor_s_members_are_not_its_body) {
  EXPECT_EQ(functions_in("A::A(int a)\n    : a_{a}, b_(a), c_{1} {\n  go();\n}\nvoid g() {\n}\n"), (Lines{"A 1-4", "g 5-6"}));
  EXPECT_EQ(functions_in("class A {\n public:\n  A() : a_{1} {}\n  void f() {\n  }\n private:\n  int a_{0};\n};\n"),
            (Lines{"A 3-3", "f 4-5"}));
}

TEST(scanner, namespaces_types_and_initializers_are_no_functions) {
  EXPECT_EQ(functions_in("namespace a::b {\nstruct A {\n  int a{1};\n};\nenum class E : int {\n  x,\n};\nint t[2] = {\n 1,\n};\n"
                         "std::vector<int> v{1,\n 2};\n}\n"),
            Lines{});
  EXPECT_EQ(functions_in("extern \"C\" {\nvoid f() {\n}\n}\n"), (Lines{"f 2-3"}));
}

TEST(scanner, a_lambda_belongs_to_its_function_and_is_one_at_namespace_level) {
  EXPECT_EQ(functions_in("void f() {\n  auto g = [](int a) {\n    return a;\n  };\n}\n"), (Lines{"f 1-5"}));
  EXPECT_EQ(functions_in("const int a = [] {\n  return 1;\n}();\n").size(), 1U);
  EXPECT_EQ(functions_in("const bool b = add(1, [&](int x) -> int {\n  return x;\n});\n").size(), 1U);
  EXPECT_EQ(functions_in("const int a[2] = {\n 1, 2};\n").size(), 0U);
}

TEST(scanner, an_include_is_read_with_its_kind) {
  Source source;
  read_source("a.cpp", "#include \"base/time.h\"  // x\n#  include <map>\n// #include <set>\n", source);
  const std::vector<Include> includes = includes_of(source);
  ASSERT_EQ(includes.size(), 2U);
  EXPECT_EQ(includes[0].target, "base/time.h");
  EXPECT_TRUE(includes[0].is_quoted);
  EXPECT_EQ(includes[1].target, "map");
  EXPECT_FALSE(includes[1].is_quoted);
  EXPECT_EQ(includes[1].line, 2U);
}

}  // namespace
}  // namespace watchbill::tidy
