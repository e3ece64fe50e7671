// Pages with what Prometheus 2.42 made of them: third-party answers, read in place where they are present.
#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

#include "base/json.h"
#include "metrics/exposition/number.h"
#include "metrics/exposition/text_parser.h"

namespace watchbill::metrics::exposition {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// What storage makes of a page: of two samples of one series and time the first counts. The value as bits, because of NaN.
using SeriesTime = std::tuple<std::string, std::int64_t>;  // labels, time or -1
struct Scrape {
  bool is_valid{true};
  std::map<SeriesTime, std::uint64_t> samples;
  std::map<std::string, std::pair<std::string, std::string>> metadata;  // name -> type, help
  bool operator==(const Scrape&) const = default;
};

Scrape scrape(const std::string& page) {
  Scrape result;
  TextParser parser(page);
  for (TextParser::Entry entry = parser.next(); entry != TextParser::Entry::end; entry = parser.next()) {
    if (entry == TextParser::Entry::malformed) return Scrape{false, {}, {}};
    const std::string name(parser.metric_name());
    if (entry == TextParser::Entry::sample) {
      result.samples.try_emplace({parser.labels().text(), parser.timestamp_ms().value_or(-1)},
                                 std::bit_cast<std::uint64_t>(parser.value()));
      continue;
    }
    auto& [type, help] = result.metadata[name];
    if (type.empty()) type = "unknown";
    if (entry == TextParser::Entry::help) help = parser.help();
    else type = parser.type() == FamilyType::untyped ? "unknown" : std::string(word(parser.type()));
  }
  return result;
}

std::string text_of(const JsonValue& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  const std::string* text = value == nullptr ? nullptr : value->as_string();
  return text == nullptr ? "" : *text;
}

Scrape expected(const JsonValue& answer) {
  Scrape result;
  result.is_valid = std::get<bool>(answer.find("valid")->value);
  for (const JsonValue& sample : *answer.find("samples")->as_array()) {
    std::vector<Labels::Pair> pairs;
    for (const auto& [name, value] : *sample.find("labels")->as_object()) pairs.emplace_back(name, *value.as_string());
    const std::int64_t* time = sample.find("timestamp_ms")->as_integer();
    result.samples[{Labels(std::move(pairs)).text(), time == nullptr ? -1 : *time}] =
        std::bit_cast<std::uint64_t>(*parse_number(text_of(sample, "value")));
  }
  for (const JsonValue& family : *answer.find("metadata")->as_array()) {
    std::string name = text_of(family, "name");
    if (name.empty()) name = text_of(family, "metric");
    if (name.empty()) name = text_of(family, "family");
    result.metadata[name] = {text_of(family, "type"), text_of(family, "help")};
  }
  return result;
}

TEST(conformance, every_text_page_is_read_as_prometheus_reads_it) {
  const std::filesystem::path folder = std::filesystem::path(WB_SOURCE_DIR) / "../shared/conformance/exposition";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no pages at " << folder;
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const Result<JsonValue> answer = parse_json(contents(entry.path()));
    ASSERT_TRUE(answer.has_value()) << entry.path() << answer.error().text();
    const std::string content_type = text_of(*answer, "content_type");
    // OpenMetrics is another format; a header that cannot be parsed falls back to text.
    const bool is_open_metrics = content_type.starts_with("application/openmetrics-text; version=1") ||
                                 content_type.starts_with("Application/OpenMetrics-Text");
    if (is_open_metrics) continue;
    ++count;
    std::filesystem::path page = entry.path();
    Scrape wanted = expected(*answer);
    // A page that a NUL byte would end in silence is refused here: samples must not vanish unseen.
    if (page.stem() == "nul-line") wanted = Scrape{false, {}, {}};
    EXPECT_EQ(scrape(contents(page.replace_extension(".txt"))), wanted) << page;
  }
  EXPECT_GE(count, 70U);
  RecordProperty("pages", static_cast<int>(count));
}

}  // namespace
}  // namespace watchbill::metrics::exposition
