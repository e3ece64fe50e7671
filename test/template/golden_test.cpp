// The cases of test/data/template/*.txt: template, data, and what comes out or where it fails. The form is described there.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "places.h"
#include "template/template.h"

namespace watchbill::text_template {
namespace {

struct Case {
  std::string file;
  int line{0};
  std::string name;
  std::vector<std::string> options;
  std::string text;
  std::string data;
  std::string expected;
};

Value value_of(const JsonValue& json);

std::vector<Value::Entry> entries_of(const JsonValue::Object& object) {
  std::vector<Value::Entry> out;
  for (const auto& [key, value] : object) out.emplace_back(key, value_of(value));
  return out;
}

Value value_of(const JsonValue& json) {
  if (const auto* text = json.as_string()) return Value::text(*text);
  if (const auto* integer = json.as_integer()) return Value::integer(*integer);
  if (const auto* real = std::get_if<double>(&json.value)) return Value::real(*real);
  if (const auto* boolean = std::get_if<bool>(&json.value)) return Value::boolean(*boolean);
  if (const auto* array = json.as_array()) {
    std::vector<Value> elements;
    bool are_texts = !array->empty();
    for (const JsonValue& element : *array) {
      elements.push_back(value_of(element));
      are_texts = are_texts && element.as_string() != nullptr;
    }
    return Value::list(std::move(elements), are_texts ? "string" : "interface {}");
  }
  const auto* object = json.as_object();
  if (object == nullptr) return Value();
  if (object->size() == 1) {
    const auto& [key, inner] = object->front();
    if (key == "#real") return Value::real(std::stod(*inner.as_string()));
    if (key == "#text") return Value::map(entries_of(*inner.as_object()), MapKind::text);
    if (key == "#record") return Value::record(entries_of(*inner.as_object()));
    if (key == "#time") return Value::time(Instant{*inner.as_integer()});
    if (key == "#duration") return Value::duration(Duration{*inner.as_integer()});
    if (key == "#late") return Value::late(*inner.as_string());
    if (key == "#double")
      return Value::function(1, [](std::span<const Value> arguments) -> Answer {
        const std::int64_t* number = arguments[0].as_integer();
        if (number == nullptr) return Complaint{"takes a number"};
        return Value::integer(*number * 2);
      });
  }
  return Value::map(entries_of(*object));
}

std::vector<Case> read_cases() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(in_test_data("template")))
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Case> cases;
  for (const auto& file : files) {
    std::ifstream in(file);
    std::string* into = nullptr;
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
      if (line.starts_with("=== ")) {
        Case next;
        next.file = file.filename();
        next.line = number;
        std::istringstream words(line.substr(4));
        std::string part;
        std::getline(words, next.name, '|');
        while (std::getline(words, part, '|')) {
          part.erase(0, part.find_first_not_of(' '));
          part.erase(part.find_last_not_of(' ') + 1);
          next.options.push_back(part);
        }
        cases.push_back(next);
        into = &cases.back().text;
      } else if (line.starts_with("---") && !cases.empty()) {
        cases.back().data = line.size() > 4 ? line.substr(4) : "{}";
        into = &cases.back().expected;
      } else if (into != nullptr) {
        *into += line + "\n";
      }
    }
  }
  for (Case& one : cases) {
    for (std::string* text : {&one.text, &one.expected})
      if (!text->empty()) text->pop_back();
    // A line of its own that holds only a bar keeps the newline before it.
    for (std::string* text : {&one.text, &one.expected})
      if (text->ends_with("\n|")) text->pop_back();
  }
  return cases;
}

std::string shown(const Error& error) {
  const std::size_t place = error.on.find(':');
  return fmt::format("!! {} {}", place == std::string::npos ? error.on : error.on.substr(place + 1), error.detail);
}

std::string outcome(const Case& one) {
  Place place = Place::rule;
  RenderOptions options;
  Environment environment;
  options.environment = &environment;
  environment.now = Instant{1'772'366'400'000};  // 2026-03-01T12:00:00Z
  environment.external_url = "https://prometheus.example.net/prom";
  for (const std::string& option : one.options) {
    if (option == "notification")
      place = Place::notification;
    else if (option == "plan")
      place = Place::plan;
    else if (option == "zero")
      options.missing_key = MissingKey::zero;
    else if (option == "error")
      options.missing_key = MissingKey::error;
    else if (option == "html")
      options.escape = Escape::html;
    else if (option.starts_with("bytes="))
      options.limits.bytes_max = std::stoul(option.substr(6));
    else if (option.starts_with("steps="))
      options.limits.steps_max = std::stoul(option.substr(6));
    else if (option.starts_with("depth="))
      options.limits.depth_max = static_cast<std::uint32_t>(std::stoul(option.substr(6)));
    else if (option == "query")
      environment.query = [](std::string_view expression) -> Answer {
        if (expression == "broken") return Complaint{"parse error"};
        std::vector<Value> samples;
        if (expression != "nothing")
          for (const std::string job : {"web", "db"})
            samples.push_back(Value::record(
                {{"Labels", Value::map({{"job", Value::text(job)}, {"__value__", Value::text("v-" + job)}}, MapKind::text)},
                 {"Value", Value::real(job == "web" ? 2 : 1)}}));
        return Value::list(std::move(samples));
      };
    else
      return "unknown option " + option;
  }
  const Result<Template> parsed = parse({"golden", one.text}, place);
  if (!parsed) return shown(parsed.error());
  const Result<JsonValue> data = parse_json(one.data);
  if (!data) return "the data is no JSON: " + data.error().text();
  const Result<std::vector<Part>> parts = render(*parsed, value_of(*data), options);
  if (!parts) return shown(parts.error());
  std::string out;
  for (const Part& part : *parts) out += part.is_late ? "‹late: " + part.text + "›" : part.text;
  return out;
}

TEST(TemplateGolden, every_case_comes_out_as_written) {
  const std::vector<Case> cases = read_cases();
  EXPECT_GE(cases.size(), 150U);
  std::map<std::string, int> names;
  for (const Case& one : cases) {
    EXPECT_EQ(outcome(one), one.expected) << one.file << ":" << one.line << ": " << one.name << "\n" << one.text;
    EXPECT_EQ(++names[one.name], 1) << "two cases are called " << one.name;
  }
}

}  // namespace
}  // namespace watchbill::text_template
