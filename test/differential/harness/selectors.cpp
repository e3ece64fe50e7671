#include "differential/harness/selectors.h"

#include <utility>

#include "differential/harness/world.h"

namespace watchbill::differential {
namespace {

// A pattern of those that some value may meet.
std::string pattern(Random& random, const std::vector<std::string>& values) {
  static const char* const odd[] = {".*", ".+", "", "[ab45].*", "nothing", "(?i:API|A)", "a|b", ".", "v\\\\d", "[0-9]+"};
  if (random.chance(50)) return random.pick(odd);
  return random.pick(values) + (random.chance(50) ? "|" + random.pick(values) : "");
}

std::string matcher(Random& random, const Metric& metric) {
  static const std::vector<std::string> none{"", "x"};
  const bool is_known = !metric.labels.empty() && random.chance(92);
  const auto& [name, values] = is_known ? metric.labels[random.below(metric.labels.size())]
                                        : std::pair<std::string, std::vector<std::string>>{"nothing", none};
  switch (random.below(4)) {
    case 0: return name + "=\"" + (random.chance(90) ? random.pick(values) : "") + "\"";
    case 1: return name + "!=\"" + (random.chance(90) ? random.pick(values) : "") + "\"";
    case 2: return name + "=~\"" + pattern(random, values) + "\"";
    default: return name + "!~\"" + pattern(random, values) + "\"";
  }
}

const Metric& metric_of(Random& random, const std::string& name) {
  for (const Metric& metric : metrics())
    if (metric.name == name) return metric;
  if (native_metric().name == name) return native_metric();
  const auto all = metrics();
  // The extreme one seldom: most of what it touches becomes NaN.
  const Metric& any = random.pick(all);
  return any.name == "wild" && random.chance(60) ? all.front() : any;
}

// "{…}", or nothing.
std::string matchers(Random& random, const Metric& metric) {
  std::string out;
  for (std::size_t count = random.chance(55) ? 0 : 1 + random.below(2); count > 0; --count)
    out += (out.empty() ? "{" : ", ") + matcher(random, metric);
  return out.empty() ? out : out + "}";
}

std::string at(Random& random) {
  switch (random.below(4)) {
    case 0: return " @ start()";
    case 1: return " @ end()";
    case 2: return " @ " + std::string(begin_word) + std::to_string(random.below(5) * 300 + 600);
    default: return " @ " + std::string(begin_word) + std::to_string(random.below(3000)) + ".25";
  }
}

}  // namespace

std::string duration(Random& random) {
  static const char* const usual[] = {"15s", "30s", "45s", "1m", "90s", "2m", "5m", "5m", "10m", "3m"};
  static const char* const odd[] = {"17s", "12s500ms", "1s", "1ms", "1h", "7m3s"};
  return random.chance(88) ? random.pick(usual) : random.pick(odd);
}

std::string shift(Random& random) {
  const std::size_t roll = random.below(100);
  const auto offset = [&] { return (random.chance(75) ? " offset " : " offset -") + duration(random); };
  if (roll < 72) return "";
  if (roll < 86) return offset();
  if (roll < 96) return at(random);
  return random.chance(50) ? at(random) + offset() : offset() + at(random);
}

Part selector_of(Random& random, const std::string& name) {
  const Metric& metric = metric_of(random, name);
  Part out;
  out.type = ValueType::instant_vector;
  if (name.empty() && random.chance(4)) {
    static const char* const families[] = {"errors_total|requests_total", "took_.*", "temperature|alive", "lonely"};
    out.add(std::string("{__name__=~\"") + random.pick(families) + "\"}");
  } else if (name.empty() && random.chance(2)) {
    out.add("unknown").add_optional(matchers(random, metric));
  } else {
    out.add(metric.name).add_optional(matchers(random, metric));
  }
  return std::move(out.add_optional(shift(random)));
}

std::string resolved(std::string text, Instant begin) {
  for (std::size_t at = text.find(begin_word); at != std::string::npos; at = text.find(begin_word, at)) {
    const std::size_t digits = at + begin_word.size();
    std::size_t end = digits;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    const std::int64_t seconds = begin.ms / 1000 + std::stoll("0" + text.substr(digits, end - digits));
    text.replace(at, end - at, std::to_string(seconds));
  }
  return text;
}

Part selector(Random& random) { return selector_of(random, ""); }

Part windowed(Random& random, const std::string& name) {
  const Metric& metric = metric_of(random, name);
  Part out;
  out.type = ValueType::range_vector;
  out.add(metric.name).add_optional(matchers(random, metric)).add("[" + duration(random) + "]");
  return std::move(out.add_optional(shift(random)));
}

Part wrong(Random& random) {
  static const char* const texts[] = {"rate(temperature)",
                                      "sum(1)",
                                      "temperature and 1",
                                      "1 > 2",
                                      "-\"a\"",
                                      "temperature[5m] + 1",
                                      "unheard_of(temperature)",
                                      "abs()",
                                      "abs(lonely, lonely)",
                                      "(temperature",
                                      "sum by (job (alive)",
                                      "temperature{",
                                      "{}",
                                      "{job=~\".*\"}",
                                      "topk(alive)",
                                      "temperature offset",
                                      "temperature @ \"x\"",
                                      "1 + ",
                                      "rate(temperature[5m:1m])[1m]",
                                      "temperature[0s]",
                                      "alive * on (job) group_left lonely[1m]",
                                      "quantile(alive, alive)",
                                      "label_replace(alive, \"a\")",
                                      "histogram_quantile(alive, 0.5)",
                                      "alive == bool",
                                      "1 == bool",
                                      "lonely or on (job) group_left alive",
                                      "temperature{room=~\"((\"}",
                                      "count_values(1, alive)",
                                      "alive bool + alive",
                                      "sum(alive) by",
                                      "temperature[5m",
                                      "lonely ^ \"x\"",
                                      "time(1)",
                                      "1 unless 2",
                                      "alive offset 5m offset 5m",
                                      "08",
                                      "1e",
                                      "0x",
                                      "'",
                                      "\"\\q\"",
                                      "alive{job!~\"(\"}",
                                      "vector(alive)",
                                      "scalar(1)",
                                      "round(alive, lonely)",
                                      "clamp(alive, 1)",
                                      "alive @ start",
                                      "alive + + +",
                                      "#",
                                      ""};
  return leaf(ValueType::instant_vector, random.pick(texts));
}

}  // namespace watchbill::differential
