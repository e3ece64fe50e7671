#include <gtest/gtest.h>

#include "tidy/planted.h"

namespace watchbill::tidy {
namespace {

const Lines determinism_at_2{"src/core/mute/a.cpp:2: determinism"};

TEST(determinism, the_world_is_not_asked) {
  for (const char* line : {"auto a = std::chrono::system_clock::now();",
                           "auto a = std::chrono::steady_clock::now();",
                           "auto a = std::time(nullptr);",
                           "::clock_gettime(CLOCK_REALTIME, &t);",
                           "const char* a = __DATE__;",
                           "std::random_device a;",
                           "std::mt19937_64 a;",
                           "int a = std::rand();",
                           "randombytes_buf(p, 4);",
                           "std::thread a;",
                           "auto a = std::async(f);",
                           "thread_local int a = 0;",
                           "std::mutex a;",
                           "std::lock_guard a(b);",
                           "std::latch a{1};",
                           "std::ifstream a;",
                           "if (::open(p, 0) < 0) {}",
                           "FILE* a = fopen(p, m);",
                           "std::cerr << 1;",
                           "int a = ::socket(1, 2, 3);",
                           "const char* a = std::getenv(n);",
                           "const char* a = getenv(n);",
                           "std::setlocale(LC_ALL, n);",
                           "std::locale a;",
                           "bool a = std::isdigit(c);",
                           "std::snprintf(p, 1, f);",
                           "double a = strtod(p, q);",
                           "int a = std::stoi(s);",
                           "std::ostringstream a;",
                           "std::map<const Node*, int> a;",
                           "std::set<Node*> a;"})
    EXPECT_EQ(found_in("src/core/mute/a.cpp", std::string("\n") + line + "\n"), determinism_at_2) << line;
  for (const char* name :
       {"ctime", "random", "thread", "mutex", "fstream", "sys/socket.h", "locale", "cctype", "sstream", "unistd.h"})
    EXPECT_EQ(found_in("src/core/mute/a.cpp", std::string("\n#include <") + name + ">\n"), determinism_at_2) << name;
}

TEST(determinism, words_with_another_meaning_are_no_offence) {
  for (const char* line : {"gate.latch = open(path);", "const bool a = state.close(id);", "JsonWriter& open(char bracket);",
                           "// std::mutex a;", "const char* a = \"std::mutex\";", "Instant time(const State& state);",
                           "core::plan::lock(state);", "auto a = writer.getenv();", "std::map<std::string, Node*> a;",
                           "std::chrono::year_month_day a;", "Outcome accept(Command a);", "std::set<std::vector<int>> a;",
                           "int random{0};", "bool b = a < c && d > e;", "Answer printf(int a) {}"})
    EXPECT_EQ(found_in("src/core/mute/a.cpp", std::string("\n") + line + "\n"), Lines{}) << line;
}

TEST(determinism, is_asked_of_some_folders_only) {
  const std::string text = "std::mutex a;\n";
  for (const char* folder : {"src/model/", "src/core/", "src/core/mute/", "src/engine/", "src/metrics/promql/"})
    EXPECT_EQ(found_in(std::string(folder) + "a.cpp", text).size(), 1U) << folder;
  for (const char* folder : {"src/base/", "src/drivers/net/", "src/metrics/tsdb/", "src/keeper/", "src/app/"})
    EXPECT_EQ(found_in(std::string(folder) + "a.cpp", text), Lines{}) << folder;
}

TEST(determinism, inbox_and_follower_have_locks_and_no_more) {
  for (const char* file : {"src/engine/inbox.cpp", "src/engine/follower.cpp", "src/engine/inbox/lanes.cpp"}) {
    EXPECT_EQ(found_in(file, "#include <mutex>\nstd::mutex a;\nstd::unique_lock b(a);\n"), Lines{}) << file;
    EXPECT_EQ(found_in(file, "std::thread a;\n").size(), 1U) << file;
  }
  EXPECT_EQ(found_in("src/engine/loop.cpp", "std::mutex a;\n").size(), 1U);
  EXPECT_EQ(found_in("src/engine/read_ahead.cpp", "#include <thread>\nstd::mutex a;\nstd::jthread b;\n"), Lines{});
  EXPECT_EQ(found_in("src/engine/read_ahead.cpp", "auto a = std::chrono::steady_clock::now();\n").size(), 1U);
}

TEST(determinism, an_unordered_container_is_looked_up_and_not_walked) {
  const std::string declared = "std::unordered_map<Id, std::vector<int>> by_id_;\n";
  EXPECT_EQ(found_in("src/core/a.cpp", declared + "void f() { by_id_.find(1); by_id_.end(); }\n"), Lines{});
  EXPECT_EQ(found_in("src/core/a.cpp", declared + "void f() { for (auto& a : by_id_) g(a); }\n"),
            (Lines{"src/core/a.cpp:2: determinism"}));
  EXPECT_EQ(found_in("src/core/a.cpp", declared + "void f() { for (auto& a : s.x->by_id_) g(a); }\n"),
            (Lines{"src/core/a.cpp:2: determinism"}));
  EXPECT_EQ(found_in("src/core/a.cpp", declared + "auto a = s.by_id_.begin();\n"), (Lines{"src/core/a.cpp:2: determinism"}));
  EXPECT_EQ(found_in("src/core/a.cpp", "using Index = std::unordered_set<int>;\nIndex i;\nvoid f() { for (int a : i) g(a); }\n"),
            (Lines{"src/core/a.cpp:3: determinism"}));
  EXPECT_EQ(found_in("src/core/a.cpp", "std::map<int, int> i;\nvoid f() { for (auto& a : i) g(a); }\n"), Lines{});
}

TEST(determinism, an_unordered_member_is_known_from_the_included_header) {
  EXPECT_EQ(found({{"src/core/a.h", "// What.\n#pragma once\n// It.\nstruct A {\n  std::unordered_map<int, int> seen;\n};\n"},
                   {"src/core/a.cpp", "#include \"core/a.h\"\nvoid f(A& a) { for (auto& x : a.seen) g(x); }\n"}}),
            (Lines{"src/core/a.cpp:2: determinism"}));
}

}  // namespace
}  // namespace watchbill::tidy
