// Pages with what Prometheus 2.42 made of them: third-party answers, read in place where they are present.
#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"
#include "metrics/exposition/number.h"
#include "metrics/exposition/open_metrics_parser.h"
#include "metrics/exposition/page_format.h"
#include "metrics/exposition/text_parser.h"
#include "places.h"

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
  std::map<std::string, std::vector<std::string>> metadata;  // name -> type, help, unit
  std::vector<std::string> exemplars;
  bool operator==(const Scrape&) const = default;
};

std::string exemplar_text(const std::string& series, const std::string& labels, double value, std::optional<std::int64_t> time) {
  std::string text = series + " # " + labels + " ";
  append_number(text, value);
  return time ? text + " " + std::to_string(*time) : text;
}

void note_unit(const TextParser&, std::vector<std::string>&) {}
void note_unit(const OpenMetricsParser& parser, std::vector<std::string>& metadata) { metadata[2] = parser.unit(); }
void note_exemplar(const TextParser&, Scrape&) {}
void note_exemplar(const OpenMetricsParser& parser, Scrape& result) {
  if (const auto exemplar = parser.exemplar())
    result.exemplars.push_back(
        exemplar_text(parser.labels().text(), exemplar->labels.text(), exemplar->value, exemplar->timestamp_ms));
}

template <class Parser>
Scrape scrape(const std::string& page) {
  Scrape result;
  Parser parser(page);
  for (PageReader::Entry entry = parser.next(); entry != PageReader::Entry::end; entry = parser.next()) {
    if (entry == PageReader::Entry::malformed) return Scrape{false, {}, {}, {}};
    const std::string name(parser.metric_name());
    if (entry == PageReader::Entry::sample) {
      result.samples.try_emplace({parser.labels().text(), parser.timestamp_ms().value_or(-1)},
                                 std::bit_cast<std::uint64_t>(parser.value()));
      note_exemplar(parser, result);
      continue;
    }
    std::vector<std::string>& metadata =
        result.metadata.try_emplace(name, std::vector<std::string>{"unknown", "", ""}).first->second;
    if (entry == PageReader::Entry::help) metadata[1] = parser.help();
    else if (entry == PageReader::Entry::unit) note_unit(parser, metadata);
    else metadata[0] = parser.type() == FamilyType::untyped ? "unknown" : std::string(word(parser.type()));
  }
  return result;
}

std::string text_of(const JsonValue& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  const std::string* text = value == nullptr ? nullptr : value->as_string();
  return text == nullptr ? "" : *text;
}

Labels labels_of(const JsonValue& object) {
  std::vector<Labels::Pair> pairs;
  for (const auto& [name, value] : *object.as_object()) pairs.emplace_back(name, *value.as_string());
  return Labels(std::move(pairs));
}

Scrape expected(const JsonValue& answer) {
  Scrape result;
  result.is_valid = std::get<bool>(answer.find("valid")->value);
  for (const JsonValue& sample : *answer.find("samples")->as_array()) {
    const std::int64_t* time = sample.find("timestamp_ms")->as_integer();
    result.samples[{labels_of(*sample.find("labels")).text(), time == nullptr ? -1 : *time}] =
        std::bit_cast<std::uint64_t>(*parse_number(text_of(sample, "value")));
  }
  for (const JsonValue& family : *answer.find("metadata")->as_array()) {
    std::string name = text_of(family, "name");
    if (name.empty()) name = text_of(family, "metric");
    if (name.empty()) name = text_of(family, "family");
    result.metadata[name] = {text_of(family, "type"), text_of(family, "help"), text_of(family, "unit")};
  }
  for (const JsonValue& exemplar : *answer.find("exemplars")->as_array()) {
    const std::int64_t* time_s = exemplar.find("timestamp_s")->as_integer();
    result.exemplars.push_back(exemplar_text(
        labels_of(*exemplar.find("series")).text(), labels_of(*exemplar.find("labels")).text(),
        *parse_number(text_of(exemplar, "value")), time_s == nullptr ? std::nullopt : std::optional(*time_s * 1000)));
  }
  return result;
}

TEST(conformance, every_page_is_read_as_prometheus_reads_it) {
  const std::filesystem::path folder = in_source("../shared/conformance/exposition");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no pages at " << folder;
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const Result<JsonValue> answer = parse_json(contents(entry.path()));
    ASSERT_TRUE(answer.has_value()) << entry.path() << answer.error().text();
    ++count;
    std::filesystem::path page = entry.path();
    Scrape wanted = expected(*answer);
    // A page that a NUL byte would end in silence is refused here: samples must not vanish unseen.
    if (page.stem() == "nul-line") wanted = Scrape{false, {}, {}, {}};
    const std::string text = contents(page.replace_extension(".txt"));
    const bool is_text = page_format(text_of(*answer, "content_type")) == PageFormat::text;
    EXPECT_EQ(is_text ? scrape<TextParser>(text) : scrape<OpenMetricsParser>(text), wanted) << page;
  }
  EXPECT_EQ(count, 110U);
  RecordProperty("pages", static_cast<int>(count));
}

}  // namespace
}  // namespace watchbill::metrics::exposition
