// The bills of the plan goldens: a fragment of JSON as the configuration that the bill's reader would make of it.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "base/json.h"
#include "model/configuration_binding.h"
#include "places.h"

namespace watchbill::core {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline JsonValue golden(const std::string& name) {
  auto parsed = parse_json(read_file(in_test_data("plans/" + name)));
  if (!parsed) throw std::runtime_error(parsed.error().text());
  return std::move(*parsed);
}

inline std::string text(const JsonValue& value, const char* key) {
  const JsonValue* member = value.find(key);
  return member != nullptr && member->as_string() != nullptr ? *member->as_string() : std::string();
}
inline std::int64_t integer(const JsonValue& value, const char* key) { return *value.find(key)->as_integer(); }

inline PlanValue plan_value(const JsonValue& from) {
  if (const auto* one = from.as_string()) return PlanValue(*one);
  if (const auto* number = from.as_integer()) return PlanValue(*number);
  if (const auto* list = from.as_array()) {
    PlanValue::List out;
    for (const JsonValue& element : *list) out.push_back(plan_value(element));
    return PlanValue(std::move(out));
  }
  PlanValue::Map out;
  for (const auto& [name, member] : *from.as_object()) out.emplace(name, plan_value(member));
  if (out.size() == 1 && out.contains("late")) return PlanValue(LateValue{*out.at("late").as_text()});
  return PlanValue(std::move(out));
}

inline ConfiguredAction action(const JsonValue& from) {
  const auto& [name, args] = from.as_object()->front();
  ConfiguredAction out;
  out.kind = *from_word<ActionKind>(name);
  if (args.as_array() != nullptr) out.args["argv"] = plan_value(args);
  else if (args.as_string() != nullptr) out.args[name] = plan_value(args);
  else out.args = *plan_value(args).as_map();
  return out;
}

inline ConfiguredCheck check(const JsonValue& from) {
  ConfiguredCheck out;
  out.action.kind = ActionKind::query;
  out.action.args["query"] = text(from, "query");
  const auto duration = [&](const char* key) -> std::optional<Duration> {
    if (from.find(key) == nullptr) return std::nullopt;
    return *parse_duration(text(from, key));
  };
  out.for_ = duration("for");
  out.within = duration("within");
  out.interval = duration("interval");
  return out;
}

inline ConfiguredStep step(const JsonValue& from) {
  ConfiguredStep out;
  out.name = text(from, "name");
  out.actions.push_back(action(*from.find("do")));
  if (const JsonValue* undo = from.find("undo")) out.undo.push_back(action(*undo));
  if (const JsonValue* verify = from.find("verify")) out.verify = check(*verify);
  if (const JsonValue* verify = from.find("verify_undo")) out.verify_undo = check(*verify);
  return out;
}

inline RunbookConfiguration bill(const JsonValue& from) {
  RunbookConfiguration out;
  out.own_host = "web-01";
  for (const auto& [name, runbook] : *from.find("runbooks")->as_object()) {
    ConfiguredRunbook& one = out.runbooks[name];
    one.summary = text(runbook, "summary");
    one.target = text(runbook, "target");
    for (const JsonValue& each : *runbook.find("steps")->as_array()) one.steps.push_back(step(each));
  }
  if (const JsonValue* bindings = from.find("bindings"))
    for (const auto& [name, binding] : *bindings->as_object()) {
      ConfiguredBinding& one = out.bindings[name];
      one.mitigation = text(binding, "mitigation");
      one.rollback = text(binding, "rollback");
      one.mode = *from_word<BindingMode>(text(binding, "mode"));
    }
  return out;
}

}  // namespace watchbill::core
