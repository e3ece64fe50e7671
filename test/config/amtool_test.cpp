// Generated trees of routes, time intervals and inhibition rules beside a real amtool (Debian's prometheus-alertmanager), where
// one is in the PATH or named by WB_AMTOOL: the same matchers and receivers in the same order, every alert leads to the same
// receivers, and what one refuses the other refuses too.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "base/json.h"
#include "config/cases.h"
#include "core/route/tree.h"
#include "model/matcher/matcher.h"
#include "zone_bytes.h"

namespace watchbill::config {
namespace {

std::optional<std::string> amtool() {
  if (const char* named = std::getenv("WB_AMTOOL"); named != nullptr) return named;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (std::filesystem::exists(folder + "/amtool")) return folder + "/amtool";
  return std::nullopt;
}

constexpr const char* no_amtool = "no amtool in the PATH, and WB_AMTOOL is not set";

struct Said {
  bool is_good{false};
  std::string text;
};

std::string shell_word(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

Said run(const std::vector<std::string>& words) {
  std::string command;
  for (const std::string& each : words) command += shell_word(each) + " ";
  std::FILE* pipe = ::popen((command + "2>&1").c_str(), "r");
  if (pipe == nullptr) return {false, "popen failed"};
  Said said;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) said.text += static_cast<char>(c);
  const int status = ::pclose(pipe);
  said.is_good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return said;
}

// A file of this test's own, gone with it.
class ScratchFile {
 public:
  ScratchFile() : path_(testing::TempDir() + "routes-" + std::to_string(::getpid()) + ".yml") {}
  ~ScratchFile() { std::filesystem::remove(path_); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  void write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }

 private:
  std::string path_;
};

// The same numbers for a seed everywhere.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}
  [[nodiscard]] std::size_t below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }
  [[nodiscard]] bool one_in(std::size_t count) { return below(count) == 0; }
  template <class T, std::size_t N>
  const T& of(const T (&those)[N]) { return those[below(N)]; }

 private:
  std::mt19937_64 engine_;
};

constexpr const char* label_names[] = {"a", "b", "c", "d:e"};
constexpr const char* label_values[] = {"", "x", "y", "xy", "x\ny", "1", "A b", "q\"\\"};
constexpr const char* patterns[] = {"x|y",   "x.*", ".+", ".*", "",     "[xy]+", "x",
                                    "(?i)X", "x.y", "y$", "^x", "\\w+", "x\\ny", "A b|\\d"};

std::string in_yaml(const std::string& text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

LabelMatcher some_matcher(Chance& chance) {
  const auto kind = static_cast<MatcherKind>(chance.below(4));
  const bool is_pattern = kind == MatcherKind::regex || kind == MatcherKind::not_regex;
  return {kind, chance.of(label_names), is_pattern ? chance.of(patterns) : chance.of(label_values)};
}

// The keys of one route's matchers in all spellings.
std::string matcher_keys(Chance& chance) {
  std::string texts;
  std::string joined;
  for (std::size_t count = chance.below(4); count > 0; --count) {
    std::string written = text(some_matcher(chance));
    if (chance.one_in(3)) written = " " + written + "\t";
    if (chance.one_in(3)) {
      joined += (joined.empty() ? "" : ",") + written;
    } else {
      texts += in_yaml(written) + ", ";
    }
  }
  if (!joined.empty() && chance.one_in(2)) joined = "{" + joined + ", }";
  if (!joined.empty()) texts += in_yaml(joined) + ", ";
  std::string out;
  if (!texts.empty()) out += "matchers: [" + texts + "], ";
  if (chance.one_in(4)) out += "match: {a: " + in_yaml(chance.of(label_values)) + ", c: 1}, ";
  if (chance.one_in(4)) out += "match_re: {b: " + in_yaml(chance.of(patterns)) + "}, ";
  return out;
}

constexpr std::size_t receivers_count = 30;

std::string some_route(Chance& chance, std::size_t levels_left) {
  std::string out = "{" + matcher_keys(chance);
  if (!chance.one_in(4)) out += "receiver: r" + std::to_string(chance.below(receivers_count)) + ", ";
  if (chance.one_in(3)) out += "continue: true, ";
  const std::size_t children = levels_left == 0 ? 0 : chance.below(4);
  if (children > 0) {
    out += "routes: [";
    for (std::size_t i = 0; i < children; ++i) out += some_route(chance, levels_left - 1) + ", ";
    out += "], ";
  }
  return out + "}";
}

std::string file_of(const std::string& children) {
  std::string out = "receivers: [{name: root}";
  for (std::size_t i = 0; i < receivers_count; ++i) out += ", {name: r" + std::to_string(i) + "}";
  return out + "]\nroute: {receiver: root, routes: [" + children + "]}\n";
}

std::string some_file(Chance& chance) {
  std::string children;
  for (std::size_t i = 2 + chance.below(4); i > 0; --i) children += some_route(chance, 3) + ", ";
  return file_of(children);
}

std::optional<std::vector<RouteConfiguration>> routes_if_good(const std::string& text) {
  const MemoryFiles files{{"/am.yml", text}};
  const Loaded loaded = check_alertmanager_file("/am.yml", reader_of(files));
  if (!loaded.configuration) return std::nullopt;
  return loaded.configuration->routing->routes;
}

// As `amtool config routes show` prints each route, without the lines of its tree.
std::string shown(const std::vector<RouteConfiguration>& routes) {
  std::string out;
  for (const RouteConfiguration& each : routes)
    out += (each.matchers.empty() ? "default-route" : text(each.matchers)) +
           (each.after == AfterMatch::next_sibling ? "  continue: true" : "") + "  receiver: " + each.receiver + "\n";
  return out;
}

std::string without_tree_lines(const std::string& said) {
  std::istringstream lines(said);
  std::string out;
  for (std::string line; std::getline(lines, line);)
    if (const std::size_t begin = std::min(line.find("default-route"), line.find('{')); begin != std::string::npos)
      out += line.substr(begin) + "\n";
  return out;
}

// What it says besides: that a file overrides the address of its own configuration.
std::string without_warnings(const std::string& said) {
  std::istringstream lines(said);
  std::string out;
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("Warning: ")) out += line + "\n";
  return out;
}

std::string receivers_for(const std::vector<RouteConfiguration>& routes, const Labels& labels) {
  std::string out;
  for (const std::uint32_t each : core::route::RouteTree(routes).match(labels))
    out += (out.empty() ? "" : ",") + routes[each].receiver;
  return out + "\n";
}

std::uint64_t number_of(const char* variable, std::uint64_t fallback) {
  const char* text = std::getenv(variable);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

// WB_AMTOOL_TREES and WB_AMTOOL_SEED: more of them, and others.
TEST(amtool, sends_every_alert_to_the_same_receivers) {
  const std::optional<std::string> program = amtool();
  if (!program) GTEST_SKIP() << no_amtool;
  const ScratchFile file;
  const std::uint64_t first = number_of("WB_AMTOOL_SEED", 1);
  std::size_t routes_count = 0;
  std::size_t below_the_root_count = 0;
  std::size_t several_count = 0;
  for (std::uint64_t seed = first; seed < first + number_of("WB_AMTOOL_TREES", 8); ++seed) {
    Chance chance(seed);
    const std::string written = some_file(chance);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + written);
    file.write(written);
    const auto routes = routes_if_good(written);
    ASSERT_TRUE(routes);
    routes_count += routes->size();
    const Said tree = run({*program, "config", "routes", "show", "--config.file=" + file.path()});
    ASSERT_TRUE(tree.is_good) << tree.text;
    EXPECT_EQ(shown(*routes), without_tree_lines(tree.text));
    for (int i = 0; i < 6; ++i) {
      std::vector<Labels::Pair> pairs{{"alertname", "Down"}};
      for (const char* name : label_names)
        if (!chance.one_in(3)) pairs.emplace_back(name, chance.of(label_values));
      std::vector<std::string> words{*program, "config", "routes", "test", "--config.file=" + file.path()};
      for (const auto& [name, value] : pairs) words.push_back(text(LabelMatcher{MatcherKind::equal, name, value}));
      const std::string ours = receivers_for(*routes, Labels(std::move(pairs)));
      if (ours != "root\n") ++below_the_root_count;
      if (ours.find(',') != std::string::npos) ++several_count;
      const Said theirs = run(words);
      EXPECT_EQ(ours, without_warnings(theirs.text)) << words.back();
    }
  }
  EXPECT_GE(routes_count, 80U) << "trees of one route say little";
  EXPECT_GE(below_the_root_count, 10U);
  EXPECT_GE(several_count, 5U);
}

// Of anything that looks like a matcher. Left out is where ours takes more on purpose: a name in quotes, blanks around braces,
// and a backslash before a comma, after which Alertmanager 0.25 loses sight of quotes.
std::string some_matcher_text(Chance& chance) {
  constexpr const char* letters[] = {"a", "b", "\\", "\"", "\\\"", "\\\\", "\\n", ",", " ", "}", "{", "é", "=", "~", "a=b", "1"};
  constexpr const char* good_names[] = {"a", "_b", "c:d", "e1"};
  constexpr const char* names[] = {"", "1", "é", "a-b", "a b"};
  constexpr const char* good_signs[] = {"=", "!=", "=~", "!~"};
  constexpr const char* signs[] = {"", "~", "==", "!"};
  std::string out = chance.one_in(3) ? " " : "";
  out += chance.one_in(6) ? chance.of(names) : chance.of(good_names);
  out += chance.one_in(4) ? "\t" : "";
  out += chance.one_in(6) ? chance.of(signs) : chance.of(good_signs);
  const bool is_quoted = chance.one_in(2);
  if (is_quoted) out += "\"";
  for (std::size_t i = chance.below(5); i > 0; --i) out += chance.of(letters);
  if (is_quoted) out += "\"";
  if (chance.one_in(6)) out += ",";
  if (chance.one_in(6)) out = "{" + out;
  if (chance.one_in(6)) out += "}";
  return out;
}

bool is_left_out(const std::string& written) {
  if (written.find("\\,") != std::string::npos) return true;
  for (std::size_t at = written.find_first_of(",{"); at != std::string::npos; at = written.find_first_of(",{", at + 1))
    if (written.find_first_not_of(" ", at + 1) == written.find('"', at + 1)) return true;
  return written.front() == ' ' || written.back() == ' ';
}

TEST(amtool, reads_every_matcher_alike) {
  const std::optional<std::string> program = amtool();
  if (!program) GTEST_SKIP() << no_amtool;
  const ScratchFile file;
  Chance chance(number_of("WB_AMTOOL_SEED", 1));
  std::string good;
  std::vector<std::string> bad;
  const std::size_t wanted = number_of("WB_AMTOOL_TREES", 8) * 5;
  for (std::size_t good_count = 0; good_count < wanted || bad.size() < wanted;) {
    const std::string written = some_matcher_text(chance);
    if (is_left_out(written)) continue;
    if (read_matchers(written)) {
      good += "{matchers: [" + in_yaml(written) + "]}, ";
      ++good_count;
    } else if (bad.size() < wanted) {
      bad.push_back(written);
    }
  }
  file.write(file_of(good));
  const auto routes = routes_if_good(file_of(good));
  ASSERT_TRUE(routes);
  const Said tree = run({*program, "config", "routes", "show", "--config.file=" + file.path()});
  ASSERT_TRUE(tree.is_good) << tree.text << good;
  EXPECT_EQ(shown(*routes), without_tree_lines(tree.text));
  for (const std::string& each : bad) {
    file.write(file_of("{matchers: [" + in_yaml(each) + "]}"));
    EXPECT_FALSE(run({*program, "check-config", file.path()}).is_good) << each;
  }
}

// As written in a list. Left out is what ours refuses on purpose: months that never come, years beyond four digits.
std::string some_ends(Chance& chance, const char* const* those, std::size_t count) {
  std::string out = those[chance.below(count)];
  if (!chance.one_in(3)) out += std::string(":") + those[chance.below(count)];
  if (chance.one_in(20)) out += ":1";
  return in_yaml(out);
}

std::string some_period(Chance& chance) {
  constexpr const char* weekdays[] = {"sunday", "Monday", "TUESDAY", "friday", "saturday", "mon", "1", " monday", ""};
  constexpr const char* months[] = {"january", "May", "1", "+05", "12", "december", "jan", " 3", "", "4x"};
  constexpr const char* days[] = {"1",  "02",  "+5",  "15", "26", "27",  "28", "31",  "-1", "-2",
                                  "-3", "-28", "-31", "0",  "32", "-32", "x",  "--1", "+-1"};
  constexpr const char* years[] = {"2020", "2026", "2030", "0", "9999", "x", "20x6", ""};
  constexpr const char* times[] = {"00:00", "09:30", "17:00", "23:59", "24:00",  "24:01",
                                   "9:30",  "12:60", "1200",  "",      " 12:00", "12:00 "};
  constexpr const char* locations[] = {
      "UTC", "", "Europe/Vienna", "utc", "Nope/Nope", "/etc/localtime", "../zoneinfo/Europe/Vienna"};
  std::string out = "{";
  if (chance.one_in(3)) out += "weekdays: [" + some_ends(chance, weekdays, std::size(weekdays)) + "], ";
  if (chance.one_in(3)) out += "months: [" + some_ends(chance, months, std::size(months)) + "], ";
  if (chance.one_in(3)) out += "days_of_month: [" + some_ends(chance, days, std::size(days)) + "], ";
  if (chance.one_in(3)) out += "years: [" + some_ends(chance, years, std::size(years)) + "], ";
  if (chance.one_in(3))
    out += "times: [{start_time: " + in_yaml(chance.of(times)) + ", end_time: " + in_yaml(chance.of(times)) + "}], ";
  if (chance.one_in(4)) out += "location: " + in_yaml(chance.of(locations)) + ", ";
  return out + "}";
}

std::string some_rule(Chance& chance) {
  constexpr const char* labels[] = {"a", "_b1", "alertname", "a-b", "", "1a", "..."};
  std::string out = "{";
  for (const char* side : {"source", "target"}) {
    if (chance.one_in(2)) out += std::string(side) + "_matchers: [" + in_yaml(text(some_matcher(chance))) + "], ";
    if (chance.one_in(3))
      out += std::string(side) + "_match: {" + (chance.one_in(6) ? "a-b" : "a") + ": " + (chance.one_in(4) ? "" : "x") + "}, ";
    if (chance.one_in(3))
      out += std::string(side) +
             "_match_re: {a: " + (chance.one_in(6) ? "" : in_yaml(chance.one_in(6) ? "(" : chance.of(patterns))) + "}, ";
  }
  if (chance.one_in(2)) out += "equal: [" + in_yaml(chance.of(labels)) + ", alertname], ";
  return out + "}";
}

// One of them in a file, and both verdicts.
void compare_verdicts(const std::string& program, const std::string& key, const std::string& list, std::size_t (&counts)[2]) {
  const ScratchFile file;
  const std::string written = "receivers: [{name: o}]\nroute: {receiver: o}\n" + key + ": " + list + "\n";
  file.write(written);
  const MemoryFiles files{{"/am.yml", written},
                          {"/usr/share/zoneinfo/Europe/Vienna", ZoneBytes{{3600}, {}, vienna_footer}.text()}};
  const Loaded loaded = check_alertmanager_file("/am.yml", reader_of(files));
  const Said theirs = run({program, "check-config", file.path()});
  EXPECT_EQ(loaded.configuration.has_value(), theirs.is_good) << written << report_of(loaded) << theirs.text;
  ++counts[theirs.is_good ? 1 : 0];
}

TEST(amtool, takes_the_same_time_intervals) {
  const std::optional<std::string> program = amtool();
  if (!program) GTEST_SKIP() << no_amtool;
  if (!std::filesystem::exists("/usr/share/zoneinfo/Europe/Vienna")) GTEST_SKIP() << "no time zones in /usr/share/zoneinfo";
  Chance chance(number_of("WB_AMTOOL_SEED", 1));
  std::size_t counts[2]{};
  for (std::uint64_t i = number_of("WB_AMTOOL_TREES", 8) * 10; i > 0; --i)
    compare_verdicts(*program, "time_intervals", "[{name: t, time_intervals: [" + some_period(chance) + "]}]", counts);
  EXPECT_GE(counts[0], 20U);
  EXPECT_GE(counts[1], 20U);
}

TEST(amtool, takes_the_same_inhibition_rules) {
  const std::optional<std::string> program = amtool();
  if (!program) GTEST_SKIP() << no_amtool;
  Chance chance(number_of("WB_AMTOOL_SEED", 1));
  std::size_t counts[2]{};
  for (std::uint64_t i = number_of("WB_AMTOOL_TREES", 8) * 8; i > 0; --i)
    compare_verdicts(*program, "inhibit_rules", "[" + some_rule(chance) + "]", counts);
  EXPECT_GE(counts[0], 10U);
  EXPECT_GE(counts[1], 10U);
}

}  // namespace
}  // namespace watchbill::config
