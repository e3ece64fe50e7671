// Inhibition: alerts that fire mute those that they explain, by the rules of the accepted bill.
// Source: Alertmanager 0.25 inhibit/inhibit.go (Mutes, hasEqual).
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/configuration_routing.h"
#include "model/labels.h"
#include "model/matcher/matcher.h"

namespace watchbill::core::route {

// The rules, and for each the firing alerts that are its sources, by their values of `equal`. Derived from the routing and the
// alerts in groups; whether sources are muted themselves does not matter. Every operation costs the matchers of each rule and a
// lookup for each that matches: not the alerts that fire.
class Inhibition {
 public:
  // None: nothing is inhibited.
  Inhibition() = default;
  explicit Inhibition(const std::vector<InhibitRuleConfiguration>& rules);

  void add(const std::string& alert, const Labels& labels);
  // Gives the causes that it was the last of, for targets that are sources too or for all: who waits for one may be free.
  [[nodiscard]] std::vector<std::string> remove(const std::string& alert, const Labels& labels);

  struct Source {
    std::string alert;  // the first of those that inhibit
    std::string cause;  // names the rule and the values that source and target share
  };
  // What inhibits an alert with these labels: by the first rule of the bill that does.
  [[nodiscard]] std::optional<Source> source_for(const Labels& labels) const;

  // The same sources: what a full scan compares.
  friend bool operator==(const Inhibition& a, const Inhibition& b) { return a.sources_ == b.sources_; }

 private:
  struct Rule {
    std::vector<std::string> equal;
    Matchers source;
    Matchers target;
  };
  struct Sources {
    std::set<std::string> apart;  // these alerts are no targets of the rule
    std::set<std::string> both;   // these are: they inhibit only what is no source itself
    friend bool operator==(const Sources&, const Sources&) = default;
  };

  std::shared_ptr<const std::vector<Rule>> rules_;
  std::vector<std::map<std::string, Sources>> sources_;  // of each rule, by the values of `equal`
};

}  // namespace watchbill::core::route
