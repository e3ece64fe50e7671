// Alertmanager's default templates, beside amtool where that is there.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

#include <unistd.h>

#include <fmt/format.h>

#include "places.h"
#include "receivers/support.h"

namespace watchbill::receivers {
namespace {

std::string amtool() { return in_source("build/peers/prometheus-alertmanager/usr/bin/amtool"); }

std::string ours(const std::string& source, const Notification& notification, bool is_html) {
  const auto library = default_library();
  const auto parsed = text_template::parse({"test", source}, text_template::Place::notification, library.get());
  if (!parsed) return parsed.error().text();
  text_template::RenderOptions options;
  options.missing_key = text_template::MissingKey::zero;
  options.escape = is_html ? text_template::Escape::html : text_template::Escape::none;
  const auto told = text_template::render_text(*parsed, text_template::notification_data(notification.data), options);
  return told ? *told : told.error().text();
}

std::string said(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "(not started)";
  std::string out;
  std::array<char, 4096> buffer{};
  while (const std::size_t count = fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), count);
  pclose(pipe);
  return out;
}

std::string said_by_amtool(bool is_html, const std::string& data, const std::string& text) {
  return said(fmt::format("{} template render --template.glob='{}/*.tmpl' --template.type={} --template.data={} "
                          "--template.text='{}' 2>&1",
                          amtool(), in_source("src/receivers/data"), is_html ? "html" : "text", data, text));
}

// A folder of this test alone.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / fmt::format("wb-templates-{}", getpid())) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

// Firing, both, resolved: as Alertmanager told of them, with characters that HTML and addresses escape.
std::vector<Notification> recorded_notifications() {
  std::vector<Notification> out;
  for (const char* const status : {"firing", "resolved"}) out.push_back(sample(status));
  std::ifstream file(in_test_data("receivers/webhook.json"));
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const JsonValue golden = parse_json(text).value();
  for (const JsonValue& message : *golden.find("messages")->as_array())
    out.push_back(read_notification(text_at(message, "payload")).value());
  return out;
}

std::string definition_call(const std::string& name) {
  const bool takes_alerts = name.starts_with("__text_alert_list") || name == "pagerduty.default.instances";
  return fmt::format(R"({{{{ template "{}" {} }}}})", name, takes_alerts ? ".Alerts" : ".");
}

// All definitions one after the other: amtool takes long to start.
std::string all_calls(bool is_html) {
  std::string calls;
  for (const std::string& name : default_library()->defined_names()) {
    if (name == default_library()->name()) continue;
    if (!is_html || name == "email.default.html" || name == "telegram.default.message")
      calls += fmt::format("=== {}\n{}\n", name, definition_call(name));
  }
  return calls;
}

TEST(DefaultTemplates, PrintWhatAmtoolPrints) {
  if (!std::filesystem::exists(amtool())) GTEST_SKIP() << "amtool is not there";
  EXPECT_GT(default_library()->defined_names().size(), 60U);
  const Folder folder;
  for (const Notification& notification : recorded_notifications()) {
    const std::string data = folder.write("data.json", notification.payload);
    for (const bool is_html : {false, true})
      EXPECT_EQ(ours(all_calls(is_html), notification, is_html), said_by_amtool(is_html, data, all_calls(is_html)));
  }
}

// What GeneratorURL and label values may hold does no harm in a mail.
TEST(DefaultTemplates, AddressesInHtmlAreHarmless) {
  const auto library = default_library();
  for (const char* const url : {"javascript:alert(1)", "JavaScript:x", "data:text/html,x",
                                "http://x.example/a b'\"<>(c)ü%zz%20{}", "/a:b", "x:y", "mailto:a@b.example"}) {
    Notification notification = sample();
    for (auto& alert : notification.data.alerts) alert.generator_url = url;
    const std::string call = R"({{ range .Alerts }}<a href="{{ .GeneratorURL }}">x</a>{{ end }})";
    const std::string told = ours(call, notification, true);
    EXPECT_EQ(told.find("avascript:"), std::string::npos) << told;
    if (!std::filesystem::exists(amtool())) continue;
    const Folder folder;
    std::string text = sample_payload("firing");
    std::string quoted_url;
    append_json_string(quoted_url, url);
    for (std::size_t at = text.find("\"http://p.example/g\""); at != std::string::npos; at = text.find("\"http://p.example/g\""))
      text.replace(at, 20, quoted_url);
    EXPECT_EQ(told, said_by_amtool(true, folder.write("data.json", text), call));
  }
}

TEST(DefaultTemplates, WhatIsPrintedInHtmlIsEscapedByItsPlace) {
  Notification notification = sample();
  notification.data.alerts.resize(1);
  notification.data.alerts[0].annotations = {
      {"link", "javascript:x"}, {"page", "http://x.example/a b'\"?q=1+2"}, {"text", "1+2 <3"}};
  const auto told = [&](const char* source) { return ours(source, notification, true); };
  EXPECT_EQ(told(R"({{ range .Alerts }}{{ .Annotations.text }}{{ end }})"), "1&#43;2 &lt;3");
  EXPECT_EQ(told(R"({{ range .Alerts }}<a href="{{ .Annotations.link }}">{{ end }})"), R"(<a href="#ZgotmplZ">)");
  EXPECT_EQ(told(R"({{ range .Alerts }}<a href="{{ .Annotations.page }}">{{ end }})"),
            R"(<a href="http://x.example/a%20b%27%22?q=1&#43;2">)");
}

TEST(DefaultTemplates, DefineWhatEachKindNeeds) {
  const auto names = default_library()->defined_names();
  const std::set<std::string> defined(names.begin(), names.end());
  for (const char* const name :
       {"slack.default.title", "email.default.html", "email.default.subject", "pagerduty.default.instances",
        "opsgenie.default.source", "wechat.default.message", "victorops.default.state_message", "pushover.default.url",
        "sns.default.subject", "telegram.default.message", "discord.default.content", "webex.default.message",
        "msteams.default.summary", "msteamsv2.default.text", "jira.default.priority", "rocketchat.default.emoji",
        "mattermost.default.text"})
    EXPECT_TRUE(defined.contains(name)) << name;
}

TEST(Library, LaterFilesReplaceAndCallEarlierOnes) {
  const std::vector<text_template::Source> files{
      {"a.tmpl", R"({{ define "slack.default.title" }}mine {{ template "mine" . }}{{ end }}{{ define "mine" }}1{{ end }})"},
      {"b.tmpl", R"({{ define "mine" }}2{{ end }})"}};
  const auto library = parse_library(files);
  ASSERT_TRUE(library) << library.error().text();
  const auto parsed = text_template::parse({"t", R"({{ template "slack.default.fallback" . }})"},
                                           text_template::Place::notification, library->get());
  ASSERT_TRUE(parsed);
  const auto told = text_template::render_text(*parsed, text_template::notification_data(sample().data));
  EXPECT_EQ(*told, "mine 2 | http://alerts.example/am/#/alerts?receiver=ops");
}

TEST(Library, AFileThatCannotBeReadIsNamed) {
  const std::vector<text_template::Source> files{{"good.tmpl", "x"}, {"bad.tmpl", "{{ define \"x\" }}{{ .A"}};
  const auto library = parse_library(files);
  ASSERT_FALSE(library);
  EXPECT_TRUE(library.error().on.starts_with("bad.tmpl:1:")) << library.error().text();
}

}  // namespace
}  // namespace watchbill::receivers
