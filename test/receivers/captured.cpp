#include "receivers/captured.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "places.h"
#include "receivers/templates.h"

namespace watchbill::receivers::captured {
namespace {

PlanValue plan_value(const JsonValue& json) {
  if (const std::string* text = json.as_string()) return *text;
  if (const std::int64_t* number = json.as_integer()) return *number;
  if (const JsonValue::Array* array = json.as_array()) {
    PlanValue::List list;
    for (const JsonValue& each : *array) list.push_back(plan_value(each));
    return list;
  }
  PlanValue::Map map;
  if (const JsonValue::Object* object = json.as_object())
    for (const auto& [name, each] : *object) map.emplace(name, plan_value(each));
  return map;
}

std::map<std::string, std::string> texts_in(const JsonValue* object) {
  std::map<std::string, std::string> texts;
  for (const auto& [name, value] : *object->as_object()) texts.emplace(name, *value.as_string());
  return texts;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

}  // namespace

JsonValue json(std::string_view text) {
  Result<JsonValue> value = parse_json(text);
  EXPECT_TRUE(value) << value.error().text() << "\n" << text;
  return value ? std::move(*value) : JsonValue{};
}

std::string canonical(std::string_view text) {
  std::string out;
  append_json(out, json(text));
  return out;
}

std::shared_ptr<Channel> channel(IntegrationKind kind, std::string_view settings, std::map<std::string, std::string> secrets) {
  auto made = std::make_shared<Channel>();
  made->configuration.kind = kind;
  made->configuration.settings = *plan_value(json(settings)).as_map();
  made->secrets = std::move(secrets);
  made->external_url = "http://192.0.2.9:9093";
  static const auto defaults = parse_library({});
  EXPECT_TRUE(defaults) << defaults.error().text();
  if (defaults) made->templates = *defaults;
  return made;
}

Notification notification_of(const JsonValue& payload) {
  std::string text;
  append_json(text, payload);
  Result<Notification> read = read_notification(std::move(text));
  EXPECT_TRUE(read) << read.error().text();
  return read ? std::move(*read) : Notification{};
}

Case read_case(IntegrationKind kind, const std::string& name) {
  std::ifstream file(in_test_data("receivers/" + name + ".json"));
  std::stringstream text;
  text << file.rdbuf();
  const JsonValue all = json(text.str());
  std::string settings;
  append_json(settings, *all.find("settings"));
  Case made{channel(kind, settings, texts_in(all.find("secrets"))), notification_of(*all.find("payload")), {}};
  for (const JsonValue& each : *all.find("requests")->as_array())
    made.requests.push_back({*each.find("method")->as_string(), *each.find("path")->as_string(), *each.find("body")->as_string(),
                             texts_in(each.find("headers"))});
  return made;
}

Notification shop(std::string_view status) {
  const std::string over = status == "firing" ? "0001-01-01T00:00:00Z" : "2026-03-01T12:30:00Z";
  const auto alert = [&](const std::string& instance, const std::string& fingerprint) {
    return R"({"status":")" + std::string(status) + R"(","labels":{"alertname":"WebDown","instance":")" + instance +
           R"(","severity":"critical"},"annotations":{"summary":")" + instance +
           R"( \"down\""},"startsAt":"2026-03-01T12:00:00Z","endsAt":")" + over +
           R"(","generatorURL":"http://192.0.2.1/g","fingerprint":")" + fingerprint + R"("})";
  };
  return notification_of(json(
      R"({"receiver":"ops","status":")" + std::string(status) + R"(","alerts":[)" + alert("web-1", "00000000000000a1") + "," +
      alert("web-2", "00000000000000a2") +
      R"(],"groupLabels":{"alertname":"WebDown"},"commonLabels":{"alertname":"WebDown","severity":"critical"},)"
      R"("commonAnnotations":{},"externalURL":"http://192.0.2.9:9093","version":"4","groupKey":"{}:{alertname=\"WebDown\"}",)"
      R"("truncatedAlerts":0})"));
}

ports::HttpAnswer answer(std::uint32_t status, std::string body, ports::HttpFields headers) {
  ports::HttpAnswer made;
  made.status = status;
  made.headers = std::move(headers);
  made.body = std::move(body);
  return made;
}

std::vector<std::string> bad_bodies() {
  return {"",
          "<html>proxy</html>",
          "{\"errcode\":0",
          "[]",
          "{\"a\":\"" + std::string(5U << 20, 'x') + "\"}",
          std::string(1U << 20, '['),
          std::string("\0\xff", 2)};
}

ports::HttpCall call_in(const Step& step) {
  const auto* call = std::get_if<ports::HttpCall>(&step);
  const auto* verdict = std::get_if<Verdict>(&step);
  EXPECT_NE(call, nullptr) << (verdict == nullptr ? "a mail" : verdict->detail);
  return call == nullptr ? ports::HttpCall{} : *call;
}

Verdict verdict_in(const Step& step) {
  const auto* verdict = std::get_if<Verdict>(&step);
  EXPECT_NE(verdict, nullptr) << "still a call";
  return verdict == nullptr ? Verdict{} : *verdict;
}

std::string header(const ports::HttpCall& call, std::string_view name) {
  const std::string* value = ports::find_field(call.headers, name);
  return value == nullptr ? "" : *value;
}

std::string target_of(std::string_view url) {
  url.remove_prefix(std::min(url.find("://") + 3, url.size()));
  return std::string(url.substr(std::min(url.find('/'), url.size())));
}

std::map<std::string, std::string> form(std::string_view text) {
  std::map<std::string, std::string> out;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    out[decoded(pair.substr(0, equals))] = decoded(pair.substr(std::min(equals + 1, pair.size())));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
  }
  return out;
}

std::map<std::string, std::string> query_of(std::string_view target) {
  return form(target.substr(std::min(target.find('?'), target.size() - 1) + 1));
}

void expect_same_json(const ports::HttpCall& call, const Request& wanted) {
  EXPECT_EQ(call.method, wanted.method);
  EXPECT_EQ(call.url, "http://" + wanted.headers.at("host") + wanted.path);
  EXPECT_EQ(header(call, "Content-Type"), wanted.headers.at("content-type"));
  EXPECT_EQ(canonical(call.body), canonical(wanted.body));
}

}  // namespace watchbill::receivers::captured
