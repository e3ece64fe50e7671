#include "ruletest/compare.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <set>

#include "metrics/promql/print.h"

namespace watchbill::ruletest {
namespace {

// More alerts than this are told one by one, not as pairs: a pair costs a look at all others.
constexpr std::size_t paired_max = 200;

class Lines {
 public:
  explicit Lines(std::size_t lines_max) : lines_max_(lines_max) {}
  void add(std::string line) {
    if (lines_.size() < lines_max_) lines_.push_back(std::move(line));
    else ++left_out_;
  }
  std::vector<std::string> take() {
    if (left_out_ > 0) lines_.push_back("… and " + std::to_string(left_out_) + " more lines");
    return std::move(lines_);
  }

 private:
  std::size_t lines_max_;
  std::size_t left_out_{0};
  std::vector<std::string> lines_;
};

std::string value_of(const Texts& texts, const std::string& name) {
  const auto found = texts.find(name);
  return found == texts.end() ? "nothing" : quoted(found->second);
}

std::set<std::string> names_of(const Texts& a, const Texts& b) {
  std::set<std::string> names;
  for (const auto& [name, value] : a) names.insert(name);
  for (const auto& [name, value] : b) names.insert(name);
  return names;
}

std::size_t count_differences(const Texts& a, const Texts& b) {
  std::size_t count = 0;
  for (const std::string& name : names_of(a, b)) count += value_of(a, name) != value_of(b, name) ? 1U : 0U;
  return count;
}

void add_fields(const char* kind, const Texts& expected, const Texts& got, Lines& lines) {
  for (const std::string& name : names_of(expected, got)) {
    const std::string wanted = value_of(expected, name);
    const std::string found = value_of(got, name);
    if (wanted != found) lines.add(std::string("  ") + kind + " " + name + ": expected " + wanted + ", got " + found);
  }
}

void add_whole(const char* beginning, const AlertTexts& alert, Lines& lines) {
  lines.add(beginning + text_of(alert.labels));
  for (const auto& [name, text] : alert.annotations) lines.add("  annotation " + name + ": " + quoted(text));
}

// Whether two alerts are one that went wrong: besides their name they share a label, or have none at all on one side.
bool are_akin(const AlertTexts& a, const AlertTexts& b) {
  if (a.labels.size() <= 1 || b.labels.size() <= 1) return true;
  return std::any_of(a.labels.begin(), a.labels.end(), [&](const auto& label) {
    const auto found = b.labels.find(label.first);
    return label.first != "alertname" && found != b.labels.end() && found->second == label.second;
  });
}

// The alert of `got` that differs least, if one is akin or it is the only one on both sides.
std::optional<std::size_t> nearest(const AlertTexts& alert, const std::vector<AlertTexts>& got, bool is_only) {
  std::optional<std::size_t> best;
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (!is_only && !are_akin(alert, got[i])) continue;
    // What names an alert weighs more than what it says.
    const std::size_t count = 100 * count_differences(alert.labels, got[i].labels) +
                              count_differences(alert.annotations, got[i].annotations);
    if (count >= fewest) continue;
    fewest = count;
    best = i;
  }
  return best;
}

bool are_equal(double expected, double got, bool is_fuzzy) {
  if (expected == got) return true;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return is_fuzzy && (std::nextafter(expected, infinity) == got || std::nextafter(expected, -infinity) == got);
}

std::string line_of(const Labels& labels, const std::string& expected, const std::string& got) {
  return labels.text() + ": expected " + expected + ", got " + got;
}

std::string text_of(const Sample& sample) {
  return sample.histogram.empty() ? metrics::promql::format_value(sample.value) : sample.histogram;
}

}  // namespace

std::string text_of(const Texts& labels) {
  std::string out = "{";
  for (const auto& [name, value] : labels) out += (out.size() == 1 ? "" : ", ") + name + "=" + quoted(value);
  return out + "}";
}

std::vector<std::string> compare_alerts(std::vector<AlertTexts> expected, std::vector<AlertTexts> got, std::size_t lines_max) {
  std::sort(expected.begin(), expected.end());
  std::sort(got.begin(), got.end());
  std::vector<AlertTexts> missing;
  std::vector<AlertTexts> unexpected;
  std::set_difference(expected.begin(), expected.end(), got.begin(), got.end(), std::back_inserter(missing));
  std::set_difference(got.begin(), got.end(), expected.begin(), expected.end(), std::back_inserter(unexpected));
  Lines lines(lines_max);
  std::vector<AlertTexts> alone;
  const bool is_only = missing.size() == 1 && unexpected.size() == 1;
  for (AlertTexts& alert : missing) {
    const bool is_searched = missing.size() <= paired_max && unexpected.size() <= paired_max;
    const std::optional<std::size_t> other = is_searched ? nearest(alert, unexpected, is_only) : std::nullopt;
    if (!other) {
      alone.push_back(std::move(alert));
      continue;
    }
    lines.add("differs: " + text_of(alert.labels));
    add_fields("label", alert.labels, unexpected[*other].labels, lines);
    add_fields("annotation", alert.annotations, unexpected[*other].annotations, lines);
    unexpected.erase(unexpected.begin() + static_cast<std::ptrdiff_t>(*other));
  }
  for (const AlertTexts& alert : alone) add_whole("expected, does not fire: ", alert, lines);
  for (const AlertTexts& alert : unexpected) add_whole("fires, not expected: ", alert, lines);
  return lines.take();
}

std::vector<std::string> compare_samples(std::vector<Sample> expected, std::vector<Sample> got, bool is_fuzzy,
                                         std::size_t lines_max) {
  const auto by_labels = [](const Sample& a, const Sample& b) { return a.labels < b.labels; };
  std::stable_sort(expected.begin(), expected.end(), by_labels);
  std::stable_sort(got.begin(), got.end(), by_labels);
  Lines lines(lines_max);
  auto wanted = expected.begin();
  auto found = got.begin();
  bool has_nan = false;
  while (wanted != expected.end() || found != got.end()) {
    if (found == got.end() || (wanted != expected.end() && wanted->labels < found->labels)) {
      lines.add(line_of(wanted->labels, text_of(*wanted), "nothing"));
      ++wanted;
    } else if (wanted == expected.end() || found->labels < wanted->labels) {
      lines.add(line_of(found->labels, "nothing", text_of(*found)));
      ++found;
    } else {
      const bool is_number = wanted->histogram.empty() && found->histogram.empty();
      if (is_number ? !are_equal(wanted->value, found->value, is_fuzzy) : wanted->histogram != found->histogram)
        lines.add(line_of(wanted->labels, text_of(*wanted), text_of(*found)));
      has_nan = has_nan || (is_number && std::isnan(wanted->value));
      ++wanted;
      ++found;
    }
  }
  if (has_nan) lines.add("NaN equals nothing, not even NaN: ask for `count(x != x)`");
  return lines.take();
}

}  // namespace watchbill::ruletest
