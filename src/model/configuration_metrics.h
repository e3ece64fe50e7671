// Which rules are evaluated, with Prometheus' defaults filled in. Source: Prometheus 2.42 configuration and rule files;
// design/bill.md §2 (evaluation).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/configuration_scrape.h"
#include "model/fields.h"
#include "model/labels.h"

namespace watchbill {

// The key `global`.
struct GlobalConfiguration {
  Duration evaluation_interval{Duration::minutes(1)};  // more than 0
  Labels external_labels;
  HistogramConfiguration histograms;                   // of jobs that say nothing
  Duration scrape_interval{Duration::minutes(1)};      // more than 0
  ScrapeLimits scrape_limits;                          // of jobs that set none
  Duration scrape_timeout{Duration::seconds(10)};      // more than 0, at most the interval
  template <class To> static constexpr auto fields(To&& to) {
    using G = GlobalConfiguration;
    return to(field("evaluation_interval_ms", &G::evaluation_interval), field("external_labels", &G::external_labels),
              field("histograms", &G::histograms), field("scrape_interval_ms", &G::scrape_interval),
              field("scrape_limits", &G::scrape_limits), field("scrape_timeout_ms", &G::scrape_timeout));
  }
  friend bool operator==(const GlobalConfiguration&, const GlobalConfiguration&) = default;
};

// A recording rule (`record` is set) or an alerting rule (`alert` is set). Expression and templates are checked sources.
struct RuleConfiguration {
  std::string alert;
  std::map<std::string, std::string> annotations;  // templates
  std::string expression;
  Duration for_;
  Duration keep_firing_for;
  std::map<std::string, std::string> labels;       // templates in an alerting rule; the group's are merged in
  std::string record;
  template <class To> static constexpr auto fields(To&& to) {
    using R = RuleConfiguration;
    return to(field("alert", &R::alert), field("annotations", &R::annotations), field("expression", &R::expression),
              field("for_ms", &R::for_), field("keep_firing_for_ms", &R::keep_firing_for), field("labels", &R::labels),
              field("record", &R::record));
  }
  friend bool operator==(const RuleConfiguration&, const RuleConfiguration&) = default;
};

struct RuleGroupConfiguration {
  std::string file;  // absolute; with `name` it is unique
  Duration interval{Duration::minutes(1)};
  std::uint64_t limit{0};  // series of recording rules, alerts of alerting rules; 0: any number
  std::string name;
  Duration query_offset;
  std::vector<RuleConfiguration> rules;
  template <class To> static constexpr auto fields(To&& to) {
    using G = RuleGroupConfiguration;
    return to(field("file", &G::file), field("interval_ms", &G::interval), field("limit", &G::limit),
              field("name", &G::name), field("query_offset_ms", &G::query_offset), field("rules", &G::rules));
  }
  friend bool operator==(const RuleGroupConfiguration&, const RuleGroupConfiguration&) = default;
};

// `3 of 5`: at so many of the last slots of a group.
struct SlotsConfiguration {
  std::uint32_t held{1};  // 1 to `of`
  std::uint32_t of{1};    // at most counted_slots_max
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("held", &SlotsConfiguration::held), field("of", &SlotsConfiguration::of));
  }
  friend bool operator==(const SlotsConfiguration&, const SlotsConfiguration&) = default;
};

// `alerts.NAME`: what the bill adds to the rules that raise alerts of that name (docs/decisions/hysteresis.md).
struct HysteresisConfiguration {
  std::optional<SlotsConfiguration> k_of_n;  // it fires only when its element was there at so many slots
  std::string recover;  // a checked instant vector: what fires goes on until it has an element that agrees; empty: none
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("k_of_n", &HysteresisConfiguration::k_of_n), field("recover", &HysteresisConfiguration::recover));
  }
  friend bool operator==(const HysteresisConfiguration&, const HysteresisConfiguration&) = default;
};

// Which rules are looked at between their slots.
enum class EarlyLooks : std::uint8_t { bound, none, all };
template <>
struct Words<EarlyLooks> {
  static constexpr std::array<std::string_view, 3> table{"bound", "none", "all"};
};

// The key `evaluation`.
struct EvaluationConfiguration {
  Duration debounce{Duration::milliseconds(100)};
  EarlyLooks early{EarlyLooks::bound};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("debounce_ms", &EvaluationConfiguration::debounce), field("early", &EvaluationConfiguration::early));
  }
  friend bool operator==(const EvaluationConfiguration&, const EvaluationConfiguration&) = default;
};

}  // namespace watchbill
