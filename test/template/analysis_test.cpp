#include "template/analysis.h"

#include <gtest/gtest.h>

#include "template/annotation.h"
#include "template/notification.h"

namespace watchbill::text_template {
namespace {

Template parsed(std::string_view text, Place place = Place::plan, const Template* library = nullptr) {
  Result<Template> out = parse({"t", text}, place, library);
  EXPECT_TRUE(out) << (out ? "" : out.error().text());
  return out ? *out : *parse({"t", ""}, place);
}

Shape plan_shape() {
  return Shape::record({{"Params", Shape::record({{"workload", Shape::leaf()}, {"hosts", Shape::list(Shape::leaf())}})},
                        {"Env", Shape::keys(Shape::leaf())},
                        {"Dir", Shape::leaf()},
                        {"Captured", Shape::keys(Shape())}});
}

std::string finding(std::string_view text) {
  const Status status = check(parsed(text), plan_shape());
  return status ? "" : status.error().on + " " + status.error().detail;
}

std::string paths(const Analysis& analysis) {
  std::string out;
  for (const Read& read : analysis.reads) out += (out.empty() ? "" : " ") + read.path;
  return out;
}

std::string read_by(std::string_view text) { return paths(analyse(parsed(text), plan_shape())); }

TEST(TemplateCheck, names_that_exist_are_accepted) {
  EXPECT_EQ(finding("{{ .Dir }}/{{ .Params.workload }}/{{ .Env.HOME }}/{{ .Captured.read.anything.below }}"), "");
  EXPECT_EQ(finding("{{ range .Params.hosts }}{{ . }}{{ $.Dir }}{{ end }}"), "");
}

TEST(TemplateCheck, a_name_that_cannot_exist_is_found_with_its_nearest) {
  EXPECT_EQ(finding("ab {{ .Params.worklaod }}"), "t:1:7 there is no .Params.worklaod here. Did you mean workload?");
  EXPECT_EQ(finding("{{ .Prams.workload }}"), "t:1:4 there is no .Prams here. Did you mean Params?");
  EXPECT_EQ(finding("{{ $.Drr }}"), "t:1:4 there is no .Drr here. Did you mean Dir?");
}

TEST(TemplateCheck, a_name_below_text_is_found) {
  EXPECT_EQ(finding("{{ .Dir.name }}"), "t:1:4 .Dir is text or a number and has no .name");
}

TEST(TemplateCheck, names_are_followed_through_with_range_variables_and_templates) {
  EXPECT_EQ(finding("{{ with .Params }}{{ .nosuch }}{{ end }}"), "t:1:22 there is no .Params.nosuch here.");
  EXPECT_EQ(finding("{{ $p := .Params }}{{ $p.nosuch }}"), "t:1:23 there is no .Params.nosuch here.");
  EXPECT_EQ(finding("{{ range $i, $h := .Params.hosts }}{{ $h.x }}{{ end }}"),
            "t:1:39 .Params.hosts.* is text or a number and has no .x");
  EXPECT_EQ(finding("{{ define \"a\" }}{{ .nosuch }}{{ end }}{{ template \"a\" .Params }}"),
            "t:1:20 there is no .Params.nosuch here.");
  EXPECT_EQ(finding("{{ index .Params \"nosuch\" }}"), "t:1:18 there is no .Params.nosuch here.");
  EXPECT_EQ(finding("{{ (print .Params.nosuch) }}"), "t:1:11 there is no .Params.nosuch here.");
}

TEST(TemplateCheck, names_in_branches_that_are_not_taken_are_found_too) {
  EXPECT_EQ(finding("{{ if false }}{{ .nosuch }}{{ end }}"), "t:1:18 there is no .nosuch here.");
}

TEST(TemplateCheck, an_undefined_template_is_found) {
  EXPECT_EQ(finding("{{ define \"header\" }}{{ end }}{{ template \"heeder\" }}"),
            "t:1:31 there is no template \"heeder\"; define it or load the file that does. Did you mean header?");
}

TEST(TemplateCheck, a_variable_that_is_assigned_again_is_not_guessed_about) {
  EXPECT_EQ(finding("{{ $x := .Params }}{{ if true }}{{ $x = .Env }}{{ end }}{{ $x.anything }}"), "");
}

TEST(TemplateCheck, each_place_is_found_once_and_all_are_found) {
  const Analysis analysis = analyse(
      parsed("{{ define \"a\" }}{{ .nosuch }}{{ end }}{{ template \"a\" . }}{{ template \"a\" . }}{{ .other }}"), plan_shape());
  ASSERT_EQ(analysis.findings.size(), 2U);
  EXPECT_EQ(analysis.findings[1].column, 82U);
}

TEST(TemplateCheck, templates_that_call_each_other_end) {
  std::string text;
  for (int index = 0; index < 12; ++index) {
    text += "{{ define \"d" + std::to_string(index) + "\" }}";
    for (int other = 0; other < 12; ++other) text += "{{ template \"d" + std::to_string(other) + "\" .a }}";
    text += "{{ end }}";
  }
  const Analysis analysis = analyse(parsed(text + "{{ template \"d0\" . }}"), Shape());
  ASSERT_FALSE(analysis.findings.empty());
  EXPECT_NE(analysis.findings.front().error.detail.find("more than 10000 parts"), std::string::npos);
}

TEST(TemplateCheck, rule_variables_have_the_shape_of_their_fields) {
  EXPECT_TRUE(
      check(parsed("{{ $labels.any }}{{ $value }}{{ .Labels.x }}{{ $externalLabels.y }}{{ $externalURL }}", Place::rule),
            annotation_shape()));
  const Status status = check(parsed("{{ $labels.a.b }}", Place::rule), annotation_shape());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().detail, ".Labels.a is text or a number and has no .b");
  const Status other = check(parsed("{{ .Value }}{{ .Label }}", Place::rule), annotation_shape());
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().text(), "check template t:1:16: there is no .Label here. Did you mean Labels?");
}

TEST(TemplateCheck, samples_of_a_query_have_labels_and_a_value) {
  EXPECT_TRUE(check(parsed("{{ range query \"up\" | sortByLabel \"job\" }}{{ .Labels.job }}{{ .Value }}{{ end }}", Place::rule),
                    annotation_shape()));
  const Status status = check(parsed("{{ range query \"up\" }}{{ .Metric }}{{ end }}", Place::rule), annotation_shape());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().on, "t:1:26");
}

TEST(TemplateCheck, notifications_have_their_methods) {
  const std::string_view text =
      "{{ range .Alerts.Firing }}{{ .Labels.SortedPairs.Names.Join \", \" }}{{ .StartsAt.Format \"15:04\" }}{{ end }}"
      "{{ .CommonLabels.Remove (stringSlice \"a\") }}{{ range .GroupLabels.SortedPairs }}{{ .Name }}={{ .Value }}{{ end }}";
  EXPECT_TRUE(check(parsed(text, Place::notification), notification_shape()));
  const Status status = check(parsed("{{ range .Alerts.Fireing }}{{ end }}", Place::notification), notification_shape());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().detail, "there is no .Alerts.Fireing here. Did you mean Firing?");
}

TEST(TemplateReads, the_parts_of_the_data_that_are_read_are_listed) {
  EXPECT_EQ(read_by("plain"), "");
  EXPECT_EQ(read_by("{{ .Dir }}/{{ .Params.workload | printf \"%s\" }}"), ".Dir .Params.workload");
  EXPECT_EQ(read_by("{{ with .Params }}{{ .workload }}{{ end }}"), ".Params .Params.workload");
  EXPECT_EQ(read_by("{{ index .Captured \"read-it\" }}"), ".Captured.read-it");
  EXPECT_EQ(read_by("{{ range .Params.hosts }}{{ . }}{{ end }}"), ".Params.hosts .Params.hosts.*");
  EXPECT_EQ(read_by("{{ if .Captured.web.ok }}{{ end }}"), ".Captured.web.ok");
  EXPECT_EQ(read_by("{{ . }}"), ".");
  EXPECT_EQ(read_by("{{ index .Env (print \"a\") }}"), ".Env.*");
}

TEST(TemplateReads, passing_the_whole_data_on_is_no_reading_of_it) {
  EXPECT_EQ(read_by("{{ define \"a\" }}{{ .Dir }}{{ end }}{{ template \"a\" . }}"), ".Dir");
  EXPECT_EQ(read_by("{{ $x := . }}{{ $x.Dir }}"), ".Dir");
}

TEST(TemplateReads, what_flows_into_an_assigned_variable_counts_as_read) {
  EXPECT_EQ(read_by("{{ $x := \"\" }}{{ $x = . }}{{ $x.Params.workload }}"), ".");
}

TEST(TemplateReads, a_parameter_is_touched_by_all_that_lies_above_and_below_it) {
  const auto touches = [](std::string_view text, std::string_view path) {
    return reads(analyse(parsed(text), plan_shape()), path);
  };
  EXPECT_TRUE(touches("{{ .Params.workload }}", ".Params"));
  EXPECT_TRUE(touches("{{ . }}", ".Params"));
  EXPECT_TRUE(touches("{{ printf \"%v\" .Params }}", ".Params.workload"));
  EXPECT_FALSE(touches("{{ .Dir }}", ".Params"));
  EXPECT_FALSE(touches("{{ .Env.Params }}", ".Params"));
  EXPECT_FALSE(touches("{{ .Params.workload }}", ".Params.work"));
}

}  // namespace
}  // namespace watchbill::text_template
