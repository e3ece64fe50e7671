#include "template/template.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "places.h"
#include "template/annotation.h"
#include "template/notification.h"

namespace watchbill::text_template {
namespace {

Labels labels(std::vector<Labels::Pair> pairs) { return Labels(std::move(pairs)); }

Template parsed(std::string_view text, Place place, const Template* library = nullptr, std::string_view name = "t") {
  Result<Template> out = parse({name, text}, place, library);
  EXPECT_TRUE(out) << (out ? "" : out.error().text());
  return out ? *out : *parse({"t", ""}, place);
}

TEST(Template, late_values_split_the_text_into_parts) {
  const Value data = Value::record({{"Captured", Value::late(".Captured")}});
  const auto parts = render(parsed("a{{ .Captured.x }}{{ .Captured.y }}b", Place::plan), data);
  ASSERT_TRUE(parts);
  const std::vector<Part> expected{{false, "a"}, {true, ".Captured.x"}, {true, ".Captured.y"}, {false, "b"}};
  EXPECT_EQ(*parts, expected);
}

TEST(Template, render_text_refuses_late_values_where_they_stand) {
  const Value data = Value::record({{"Captured", Value::late(".Captured")}});
  const auto text = render_text(parsed("a{{ .Captured.x }}", Place::plan), data);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().on, "t:1:5");
}

TEST(Template, an_empty_text_has_no_parts) {
  const auto parts = render(parsed("", Place::plan), Value());
  ASSERT_TRUE(parts);
  EXPECT_TRUE(parts->empty());
  EXPECT_EQ(*render_text(parsed("", Place::plan), Value()), "");
}

TEST(Template, definitions_of_a_library_are_called_and_replaced) {
  const Template first = parsed("{{ define \"title\" }}[{{ . }}]{{ end }}{{ define \"x\" }}old{{ end }}", Place::notification,
                                nullptr, "one.tmpl");
  const Template second = parsed("{{ define \"x\" }}new{{ end }}", Place::notification, &first, "two.tmpl");
  const Template use = parsed("{{ template \"title\" 1 }}{{ template \"x\" }}", Place::notification, &second, "receiver");
  EXPECT_EQ(*render_text(use, Value()), "[1]new");
  EXPECT_EQ(use.defined_names(), (std::vector<std::string>{"one.tmpl", "receiver", "title", "two.tmpl", "x"}));
  EXPECT_EQ(*render_text(parsed("{{ template \"x\" }}", Place::notification, &first), Value()), "old");
}

TEST(Template, an_error_within_a_library_names_its_file) {
  const Template library = parsed("{{ define \"x\" }}\n{{ len 1 }}{{ end }}", Place::notification, nullptr, "mail.tmpl");
  const auto text = render_text(parsed("{{ template \"x\" }}", Place::notification, &library), Value());
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().on, "mail.tmpl:2:4");
}

TEST(Template, plain_text_is_recognised) {
  EXPECT_TRUE(parsed("no action", Place::rule).is_plain_text());
  EXPECT_FALSE(parsed("{{ 1 }}", Place::rule).is_plain_text());
}

TEST(Template, limits_of_parsing_are_refused_as_exhausted) {
  ParseLimits limits;
  limits.bytes_max = 10;
  const auto long_source = parse({"t", "12345678901"}, Place::rule, nullptr, limits);
  ASSERT_FALSE(long_source);
  EXPECT_EQ(long_source.error().kind, ErrorKind::exhausted);
  limits.bytes_max = 1000;
  limits.nodes_max = 3;
  EXPECT_TRUE(parse({"t", "{{ 1 }}a"}, Place::rule, nullptr, limits));
  const auto many = parse({"t", "{{ 1 }}{{ 2 }}"}, Place::rule, nullptr, limits);
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().kind, ErrorKind::exhausted);
}

TEST(Template, variables_and_patterns_are_counted) {
  ParseLimits limits;
  limits.variables_max = 2;  // `$` is one of them
  EXPECT_TRUE(parse({"t", "{{ $a := 1 }}"}, Place::plan, nullptr, limits));
  const auto variables = parse({"t", "{{ $a := 1 }}{{ $b := 1 }}"}, Place::plan, nullptr, limits);
  ASSERT_FALSE(variables);
  EXPECT_EQ(variables.error().kind, ErrorKind::exhausted);
  limits.patterns_max = 1;
  EXPECT_TRUE(parse({"t", "{{ match \"a\" \"a\" }}"}, Place::plan, nullptr, limits));
  const auto patterns = parse({"t", "{{ match \"a\" \"a\" }}{{ match \"b\" \"b\" }}"}, Place::plan, nullptr, limits);
  ASSERT_FALSE(patterns);
  EXPECT_EQ(patterns.error().kind, ErrorKind::exhausted);
}

TEST(Template, long_texts_cost_steps) {
  const Template copies = parsed("{{ $x := printf \"%9999d\" 1 }}{{ range 100000 }}{{ $y := $x }}{{ end }}", Place::plan);
  RenderOptions options;
  options.limits.steps_max = 10'000;
  const auto text = render_text(copies, Value(), options);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::exhausted);
  options.limits.steps_max = 150;
  EXPECT_FALSE(render_text(parsed("{{ printf \"%9999d\" 1 | len }}", Place::plan), Value(), options));
}

TEST(Template, a_source_may_not_define_its_own_name) {
  EXPECT_FALSE(parse({"t", "a{{ define \"t\" }}b{{ end }}"}, Place::plan));
}

TEST(Template, limits_of_rendering_are_refused_as_exhausted) {
  RenderOptions options;
  options.limits.bytes_max = 3;
  const auto text = render_text(parsed("1234", Place::rule), Value(), options);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::exhausted);
}

TEST(Template, blocks_may_nest_up_to_the_limit_and_no_further) {
  const auto nested = [](int depth) {
    std::string text;
    for (int level = 0; level < depth; ++level) text += "{{ if true }}";
    text += "x";
    for (int level = 0; level < depth; ++level) text += "{{ end }}";
    return parse({"t", text}, Place::rule);
  };
  const auto deepest = nested(46);
  ASSERT_TRUE(deepest) << deepest.error().text();
  EXPECT_EQ(*render_text(*deepest, Value()), "x");
  const auto deeper = nested(10'000);
  ASSERT_FALSE(deeper);
  EXPECT_EQ(deeper.error().kind, ErrorKind::exhausted);
}

TEST(Template, a_long_chain_of_else_if_is_not_nesting) {
  std::string text = "{{ if false }}";
  for (int index = 0; index < 1000; ++index) text += "{{ else if eq . " + std::to_string(index) + " }}" + std::to_string(index);
  const auto chain = parse({"t", text + "{{ end }}"}, Place::rule);
  ASSERT_TRUE(chain) << chain.error().text();
  EXPECT_EQ(*render_text(*chain, Value::integer(999)), "999");
}

TEST(Template, one_template_serves_several_threads) {
  const Template shared = parsed("{{ range . }}{{ reReplaceAll \"(.)\" \"<$1>\" . }}{{ end }}", Place::rule);
  const Value data = Value::list({Value::text("a"), Value::text("b")}, "string");
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t index = 0; index < wrong.size(); ++index)
    threads.emplace_back([&, index] {
      for (int round = 0; round < 500; ++round) {
        const auto text = render_text(shared, data);
        if (!text || *text != "<a><b>") ++wrong[index];
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(Annotation, a_rule_text_sees_labels_value_and_externals) {
  const AnnotationScope scope(labels({{"cluster", "a"}}), "http://watchbill.example.net");
  const Template text =
      parsed("{{ $labels.job }}|{{ $labels.nosuch }}|{{ $value | humanize }}|{{ $externalLabels.cluster }}|{{ externalURL }}",
             Place::rule);
  Environment environment;
  environment.external_url = scope.external_url();
  const auto out = expand_annotation(text, scope.data(labels({{"job", "web"}}), 12345), environment);
  ASSERT_TRUE(out) << out.error().text();
  EXPECT_EQ(*out, "web||12.35k|a|http://watchbill.example.net");
}

TEST(Annotation, a_query_gives_samples) {
  Environment environment;
  environment.query = [](std::string_view) -> Answer { return Value::list({sample(labels({{"job", "web"}}), 3)}); };
  const AnnotationScope scope(Labels{}, "");
  const auto out = expand_annotation(parsed("{{ with query \"up\" }}{{ . | first | value }}{{ end }}", Place::rule),
                                     scope.data(Labels{}, 0), environment);
  ASSERT_TRUE(out) << out.error().text();
  EXPECT_EQ(*out, "3");
}

NotificationData page() {
  NotificationData data;
  data.receiver = "ops";
  data.status = "firing";
  data.alerts.push_back({"firing", labels({{"alertname", "Down"}, {"host", "a"}}), Annotations{{"summary", "a is down"}},
                         Instant{0}, Instant{0}, "http://p/g", "f1"});
  data.alerts.push_back(
      {"resolved", labels({{"alertname", "Down"}, {"host", "b"}}), Annotations{}, Instant{0}, Instant{1000}, "http://p/g", "f2"});
  data.group_labels = labels({{"alertname", "Down"}});
  data.common_labels = labels({{"alertname", "Down"}, {"team", "core"}, {"a", "z"}});
  data.external_url = "http://watchbill";
  return data;
}

std::string notified(std::string_view text) {
  RenderOptions options;
  options.missing_key = MissingKey::zero;
  const auto out = render_text(parsed(text, Place::notification), notification_data(page()), options);
  return out ? *out : out.error().text();
}

TEST(Notification, labels_have_their_methods) {
  EXPECT_EQ(notified("{{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }};{{ end }}"),
            "alertname=Down;a=z;team=core;");
  EXPECT_EQ(notified("{{ .CommonLabels.Names }} {{ .CommonLabels.Values.Join \"+\" }}"), "[alertname a team] Down+z+core");
  EXPECT_EQ(notified("{{ .CommonLabels.Remove (stringSlice \"team\" \"alertname\") }}"), "a=z");
  EXPECT_EQ(notified("{{ (.CommonLabels.Remove .GroupLabels.Names).Names.Join \",\" }}"), "a,team");
  EXPECT_EQ(notified("{{ .CommonLabels }} [{{ .CommonLabels.nosuch }}] {{ len .CommonLabels }}"),
            "alertname=Down, a=z, team=core [] 3");
}

TEST(Notification, alerts_are_told_apart_by_status) {
  EXPECT_EQ(notified("{{ len .Alerts.Firing }}{{ len .Alerts.Resolved }}{{ len .Alerts }}"), "112");
  EXPECT_EQ(notified("{{ range .Alerts.Resolved }}{{ .Labels.host }} {{ .EndsAt.Sub .StartsAt }}{{ end }}"), "b 1s");
}

TEST(Notification, a_title_as_teams_write_it) {
  EXPECT_EQ(notified("[{{ .Status | toUpper }}{{ if eq .Status \"firing\" }}:{{ .Alerts.Firing | len }}{{ end }}] {{ "
                     ".GroupLabels.SortedPairs.Values | join \" \" }}"
                     "{{ if gt (len .CommonLabels) (len .GroupLabels) }} ({{ with .CommonLabels.Remove .GroupLabels.Names }}{{ "
                     ".Values | join \" \" }}{{ end }}){{ end }}"),
            "[FIRING:1] Down (z core)");
}

// Reads the scalars of a rule file that hold actions; quoting is undone as far as templates need it. A full reader lies
// elsewhere.
std::vector<std::string> templates_in(const std::filesystem::path& file) {
  std::vector<std::string> out;
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    const std::size_t colon = line.find(": ");
    if (line.find("{{") == std::string::npos) continue;
    std::string text = colon == std::string::npos ? line : line.substr(colon + 2);
    if (text.size() > 1 && text.front() == '"' && text.back() == '"') {
      std::string plain;
      for (std::size_t at = 1; at + 1 < text.size(); ++at) {
        if (text[at] == '\\' && at + 2 < text.size())
          plain += text[++at] == 'n' ? '\n' : text[at];
        else
          plain += text[at];
      }
      text = plain;
    } else if (text.size() > 1 && text.front() == '\'' && text.back() == '\'') {
      text = text.substr(1, text.size() - 2);
    }
    out.push_back(text);
  }
  return out;
}

TEST(TemplateConformance, every_template_of_the_public_rule_files_parses_and_renders) {
  const std::filesystem::path folder = in_source("../shared/conformance/rules");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent";
  const AnnotationScope scope(Labels{}, "");
  const Value data = scope.data(labels({{"instance", "web-1:9100"}}), 0.5);
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".yml") continue;
    for (const std::string& text : templates_in(entry.path())) {
      ++count;
      const Result<Template> read = parse({entry.path().string(), text}, Place::rule);
      ASSERT_TRUE(read) << read.error().text() << "\n" << text;
      const Status names = check(*read, annotation_shape());
      EXPECT_TRUE(names) << names.error().text() << "\n" << text;
      const auto out = expand_annotation(*read, data, {});
      EXPECT_TRUE(out) << out.error().text() << "\n" << text;
    }
  }
  EXPECT_GE(count, 1350U) << "675 rules have a summary and a description each, nearly all with actions";
}

TEST(TemplateConformance, every_template_of_the_alertmanager_files_parses) {
  const std::filesystem::path folder = in_source("../shared/conformance/alertmanager-config");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent";
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".yml") continue;
    for (const std::string& text : templates_in(entry.path())) {
      ++count;
      const Result<Template> read = parse({entry.path().string(), text}, Place::notification);
      EXPECT_TRUE(read) << read.error().text() << "\n" << text;
    }
  }
  EXPECT_GE(count, 1U);
}

}  // namespace
}  // namespace watchbill::text_template
