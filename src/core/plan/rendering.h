// The texts of a runbook with what is known when its plan is made. Internal to resolution.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "model/plan_value.h"
#include "model/refusal.h"
#include "template/value.h"

namespace watchbill::core::plan {

// What templates of one part see.
struct PartData {
  std::string dir;
  std::string environment;
  std::string host;
  std::vector<std::string> hosts;
  std::map<std::string, std::string> parameters;
  std::set<std::string> captures;  // names of earlier read steps
};

class Rendering {
 public:
  explicit Rendering(const PartData& data);

  // The value with all its texts rendered; a text that is nothing but one late value becomes that, one with
  // late values in it a map (late_text_key). Refuses `template_failed` and
  // `unknown_capture`, with the place in `where`.
  [[nodiscard]] Result<PlanValue, Refused> value(const PlanValue& source, const std::string& where) const;
  // The same where nothing may be late: targets, conditions, names.
  [[nodiscard]] Result<std::string, Refused> text(const std::string& source, const std::string& where) const;

 private:
  [[nodiscard]] std::optional<std::string> unknown_capture(const std::string& source) const;
  [[nodiscard]] Result<PlanValue, Refused> rendered(const std::string& source, const std::string& where) const;

  const PartData& data_;
  text_template::Value root_;
};

}  // namespace watchbill::core::plan
