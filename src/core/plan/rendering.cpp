#include "core/plan/rendering.h"

#include <algorithm>

#include "template/analysis.h"
#include "template/template.h"

namespace watchbill::core::plan {
namespace {

using text_template::Value;

constexpr std::string_view capture_prefix = ".Captured.";
// What may be wrong is found with the first few of a runbook; a text of a plan is short.
constexpr text_template::RenderLimits render_limits{20'000, 64U << 10, 50};

Value texts(const std::map<std::string, std::string>& from) {
  std::vector<Value::Entry> entries;
  for (const auto& [name, text] : from) entries.emplace_back(name, Value::text(text));
  return Value::record(std::move(entries));
}

Value names(const std::vector<std::string>& from) {
  std::vector<Value> elements;
  for (const std::string& name : from) elements.push_back(Value::text(name));
  return Value::list(std::move(elements), "string");
}

Value late_values(const std::set<std::string>& captures) {
  std::vector<Value::Entry> entries;
  for (const std::string& name : captures) entries.emplace_back(name, Value::late(std::string(capture_prefix) + name));
  return Value::record(std::move(entries));
}

Refused template_failed(const std::string& where, const std::string& what) {
  return Refused{Refusal::template_failed, where + ": " + what};
}

}  // namespace

Rendering::Rendering(const PartData& data)
    : data_(data), root_(Value::record({{"Captured", late_values(data.captures)},
                                        {"Dir", Value::text(data.dir)},
                                        {"Env", Value::text(data.environment)},
                                        {"Host", Value::text(data.host)},
                                        {"Hosts", names(data.hosts)},
                                        {"Params", texts(data.parameters)}})) {}

std::optional<std::string> Rendering::unknown_capture(const std::string& source) const {
  const auto parsed = text_template::parse({"", source}, text_template::Place::plan);
  if (!parsed) return std::nullopt;
  for (const text_template::Read& read : text_template::analyse(*parsed, text_template::Shape()).reads) {
    if (!read.path.starts_with(capture_prefix)) continue;
    const std::string rest = read.path.substr(capture_prefix.size());
    const std::string name = rest.substr(0, rest.find('.'));
    if (name != "*" && !data_.captures.contains(name)) return name;
  }
  return std::nullopt;
}

Result<PlanValue, Refused> Rendering::rendered(const std::string& source, const std::string& where) const {
  const auto parsed = text_template::parse({where, source}, text_template::Place::plan);
  if (!parsed) return template_failed(where, parsed.error().detail);
  if (parsed->is_plain_text()) return PlanValue(source);
  if (const auto name = unknown_capture(source))
    return Refused{Refusal::unknown_capture, where + ": no earlier read step is named " + *name};
  text_template::RenderOptions options;
  options.missing_key = text_template::MissingKey::error;
  options.limits = render_limits;
  const auto parts = text_template::render(*parsed, root_, options);
  if (!parts) return template_failed(where, parts.error().detail);
  const bool has_late = std::any_of(parts->begin(), parts->end(), [](const text_template::Part& part) { return part.is_late; });
  if (has_late && parts->size() == 1) return PlanValue(LateValue{parts->front().text});
  std::string text;
  PlanValue::List joined;
  for (const text_template::Part& part : *parts) {
    if (!has_late) text += part.text;
    else joined.push_back(part.is_late ? PlanValue(LateValue{part.text}) : PlanValue(part.text));
  }
  if (has_late) return PlanValue(PlanValue::Map{{std::string(late_text_key), PlanValue(std::move(joined))}});
  return PlanValue(std::move(text));
}

Result<PlanValue, Refused> Rendering::value(const PlanValue& source, const std::string& where) const {
  if (const std::string* text = source.as_text()) return rendered(*text, where);
  if (const PlanValue::List* list = source.as_list()) {
    PlanValue::List out;
    for (const PlanValue& element : *list) {
      auto one = value(element, where + "[" + std::to_string(out.size() + 1) + "]");
      if (!one) return one.error();
      out.push_back(std::move(*one));
    }
    return PlanValue(std::move(out));
  }
  if (const PlanValue::Map* map = source.as_map()) {
    PlanValue::Map out;
    for (const auto& [name, member] : *map) {
      auto one = value(member, where + "." + name);
      if (!one) return one.error();
      out.emplace(name, std::move(*one));
    }
    return PlanValue(std::move(out));
  }
  return source;
}

Result<std::string, Refused> Rendering::text(const std::string& source, const std::string& where) const {
  auto one = rendered(source, where);
  if (!one) return one.error();
  if (one->as_text() == nullptr) return template_failed(where, "only the run can know it, and it is needed before");
  return *one->as_text();
}

}  // namespace watchbill::core::plan
