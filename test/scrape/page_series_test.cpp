#include "drivers/scrape/page_series.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace watchbill::drivers::scrape {
namespace {

// What the object must show after a round, kept as plainly as can be.
struct Model {
  std::map<std::string, std::uint32_t> known;  // by text: the number that a caller gave it
  std::uint32_t last_number{0};
};

void play_round(PageSeries& series, Model& model, const std::vector<std::string>& page) {
  std::map<std::string, std::uint32_t> seen;
  series.begin_round();
  for (const std::string& text : page) {
    // As a reader that is told what to expect finds it; one that nothing refers to is not expected.
    const bool is_expected = !series.expected_text().empty() && series.expected_text() == text;
    const PageSeries::Found found = is_expected ? PageSeries::Found{series.see_expected()} : series.find_or_add(text);
    const bool is_new = !model.known.contains(text) && !seen.contains(text);
    ASSERT_EQ(found.is_new, is_new) << text;
    PageSeries::Series& one = series.all()[found.place];
    ASSERT_TRUE(series.is_seen(one));
    if (is_new) one.name = ++model.last_number;
    if (is_new && one.name % 3 != 0) one.reference.slot = one.name;
    ASSERT_TRUE(!is_expected || one.name % 3 != 0) << text;
    const std::uint32_t number = is_new ? model.last_number : seen.contains(text) ? seen[text] : model.known[text];
    ASSERT_EQ(one.name, number) << text;
    seen[text] = number;
  }
  ASSERT_EQ(series.seen_count(), seen.size());
  ASSERT_EQ(static_cast<std::size_t>(std::ranges::count_if(series.all(), [&](const auto& one) { return series.is_seen(one); })),
            seen.size());
  series.end_round();
  ASSERT_EQ(series.all().size(), seen.size());
  // In the order of the page.
  std::vector<std::uint32_t> order;
  for (const std::string& text : page)
    if (std::ranges::find(order, seen[text]) == order.end()) order.push_back(seen[text]);
  for (std::size_t i = 0; i < order.size(); ++i) ASSERT_EQ(series.all()[i].name, order[i]);
  model.known = std::move(seen);
}

TEST(page_series, whatever_pages_come_a_text_stands_for_its_series) {
  std::mt19937_64 random(20261121);
  const auto below = [&](std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random); };
  for (int world = 0; world < 60; ++world) {
    PageSeries series;
    Model model;
    std::vector<std::string> page;
    for (int round = 0; round < 40; ++round) {
      switch (below(8)) {
        case 0:
          page.insert(page.begin() + static_cast<std::ptrdiff_t>(below(page.size() + 1)), "x" + std::to_string(below(40)));
          break;
        case 1: for (std::size_t i = below(30); i > 0; --i) page.push_back("y{a=\"" + std::to_string(below(1000)) + "\"}"); break;
        case 2: if (!page.empty()) page.erase(page.begin() + static_cast<std::ptrdiff_t>(below(page.size()))); break;
        case 3: std::shuffle(page.begin(), page.end(), random); break;
        case 4: if (below(4) == 0) page.clear(); break;
        case 5: if (below(8) == 0) { series.clear(); model.known.clear(); } break;
        default: break;  // the same page again
      }
      play_round(series, model, page);
      if (HasFatalFailure()) FAIL() << "world " << world << ", round " << round;
    }
  }
}

// Rounds are told apart by a byte: what is new in a round whose number is that of another is kept as well.
TEST(page_series, what_is_new_is_known_in_the_next_of_a_thousand_rounds) {
  PageSeries series;
  for (int round = 1; round <= 1000; ++round) {
    series.begin_round();
    const std::string before = "x" + std::to_string(round - 1);
    EXPECT_EQ(series.find_or_add("a").is_new, round == 1) << "round " << round;
    EXPECT_EQ(series.find_or_add(before).is_new, round == 1) << "round " << round;
    EXPECT_TRUE(series.find_or_add("x" + std::to_string(round)).is_new) << "round " << round;
    EXPECT_EQ(series.seen_count(), 3U) << "round " << round;
    series.end_round();
  }
}

}  // namespace
}  // namespace watchbill::drivers::scrape
