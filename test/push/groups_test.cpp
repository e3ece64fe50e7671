// Groups of pushed metrics: what replaces what, what contradicts what, what a page and the store are given of them.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

#include "metrics/push/group_file.h"
#include "metrics/push/groups.h"
#include "metrics/push/page.h"

namespace push = watchbill::metrics::push;
namespace exposition = watchbill::metrics::exposition;
using watchbill::Instant;

namespace {

class push_groups : public ::testing::Test {
 protected:
  // "taken", or the reason and its text.
  std::string send(std::string_view rest, std::string_view body, bool replaces = true) {
    push::Push request;
    request.key = *push::key_of_path(rest, false);
    request.body = *push::read_text(body);
    request.replaces = replaces;
    request.at = now_ = now_ + watchbill::Duration::seconds(1);
    auto group = groups_.check(std::move(request));
    if (!group) return std::string(word(group.error().reason)) + ": " + group.error().text;
    groups_.put(*group);
    return "taken";
  }
  std::string post(std::string_view rest, std::string_view body) { return send(rest, body, false); }
  std::string page() const {
    exposition::Page page;
    push::add_to_page(page, groups_.all());
    return page.text();
  }
  // Lines of the page that are neither comments nor of the two families of each group.
  std::string samples() const {
    std::string out;
    const std::string all = page();
    for (std::size_t begin = 0; begin < all.size();) {
      const std::size_t end = all.find('\n', begin) + 1;
      const std::string line = all.substr(begin, end - begin);
      if (!line.starts_with('#') && !line.starts_with("push_")) out += line;
      begin = end;
    }
    return out;
  }

  push::Groups groups_{{{"process_cpu_seconds_total", exposition::FamilyType::counter}}, {4, 60}};
  Instant now_{1'700'000'000'000};
};

bool begins(const std::string& text, std::string_view with) { return text.starts_with(with); }

}  // namespace

TEST_F(push_groups, a_page_shows_what_a_pushgateway_shows) {
  ASSERT_EQ(send("some_job/instance/i", "# HELP g Just an \\\\ example.\n# TYPE g gauge\ng{a=\"x\\\"y\"} 1.5\n"), "taken");
  ASSERT_EQ(send("hist", "# TYPE h histogram\nh_bucket{le=\"1.0\"} 2\nh_sum 4\nh_count 5000000\n"
                         "# TYPE s summary\ns{quantile=\"0.90\"} 3\ns_sum 4\ns_count 5\n"), "taken");
  EXPECT_EQ(page(), R"(# HELP g Just an \\ example.
# TYPE g gauge
g{a="x\"y",instance="i",job="some_job"} 1.5
# TYPE h histogram
h_bucket{instance="",job="hist",le="1"} 2
h_bucket{instance="",job="hist",le="+Inf"} 5e+06
h_sum{instance="",job="hist"} 4
h_count{instance="",job="hist"} 5e+06
# HELP push_failure_time_seconds Last Unix time when changing this group in the Pushgateway failed.
# TYPE push_failure_time_seconds gauge
push_failure_time_seconds{instance="",job="hist"} 0
push_failure_time_seconds{instance="i",job="some_job"} 0
# HELP push_time_seconds Last Unix time when changing this group in the Pushgateway succeeded.
# TYPE push_time_seconds gauge
push_time_seconds{instance="",job="hist"} 1.700000002e+09
push_time_seconds{instance="i",job="some_job"} 1.700000001e+09
# TYPE s summary
s{instance="",job="hist",quantile="0.9"} 3
s_sum{instance="",job="hist"} 4
s_count{instance="",job="hist"} 5
)");
}

TEST_F(push_groups, put_replaces_the_group_and_post_families_of_the_same_names) {
  ASSERT_EQ(send("j", "a 1\nb{x=\"1\"} 2\n"), "taken");
  ASSERT_EQ(post("j", "b{x=\"2\"} 3\n"), "taken");
  EXPECT_EQ(samples(), "a{instance=\"\",job=\"j\"} 1\nb{instance=\"\",job=\"j\",x=\"2\"} 3\n");
  ASSERT_EQ(post("j", ""), "taken");
  EXPECT_EQ(samples(), "a{instance=\"\",job=\"j\"} 1\nb{instance=\"\",job=\"j\",x=\"2\"} 3\n");
  ASSERT_EQ(send("j", "c 4\n"), "taken");
  EXPECT_EQ(samples(), "c{instance=\"\",job=\"j\"} 4\n");
  ASSERT_EQ(send("j", ""), "taken");
  EXPECT_EQ(samples(), "");
  EXPECT_NE(page().find("push_time_seconds{instance=\"\",job=\"j\"} 1.700000005e+09"), std::string::npos);
  groups_.remove(*push::key_of_path("j", false));
  EXPECT_EQ(page(), "");
  EXPECT_EQ(groups_.series_count(), 0U);
}

TEST_F(push_groups, the_labels_of_the_path_win) {
  ASSERT_EQ(send("j/instance/i", "m{job=\"other\",instance=\"x\",k=\"v\"} 1\n"), "taken");
  ASSERT_EQ(send("k", "m{instance=\"own\"} 1\n"), "taken");
  EXPECT_EQ(samples(), "m{instance=\"i\",job=\"j\",k=\"v\"} 1\nm{instance=\"own\",job=\"k\"} 1\n");
}

TEST_F(push_groups, what_contradicts_is_refused_and_changes_nothing) {
  ASSERT_EQ(send("a", "# TYPE m gauge\nm 1\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\n"), "taken");
  const std::string before = page();
  EXPECT_TRUE(begins(send("b", "# TYPE m counter\nm 1\n"), "inconsistent: the family m is a gauge elsewhere, here a counter"));
  EXPECT_TRUE(begins(send("b", "d 1\nd 2\n"), "inconsistent: d{instance=\"\",job=\"b\"} is pushed twice"));
  EXPECT_TRUE(begins(send("b", "d{job=\"x\"} 1\nd{job=\"y\"} 2\n"), "inconsistent: d{"));
  EXPECT_TRUE(begins(send("b", "# TYPE h_count gauge\nh_count 1\n"), "inconsistent: the family h_count collides"));
  EXPECT_TRUE(begins(send("b", "# TYPE m histogram\nm_bucket{le=\"1\"} 1\n"), "inconsistent: "));
  EXPECT_TRUE(begins(send("b", "# TYPE process_cpu_seconds_total gauge\nprocess_cpu_seconds_total 1\n"), "inconsistent: "));
  EXPECT_TRUE(begins(send("b", "r{__x=\"1\"} 1\n"), "inconsistent: r{"));
  EXPECT_TRUE(begins(send("b", "r{Abc=\"1\",__x=\"1\"} 1\n"), "inconsistent: r{"));
  EXPECT_TRUE(begins(send("b", "t 1 1\n"), "timestamps: pushed metrics must not have timestamps"));
  EXPECT_EQ(page(), before);
  EXPECT_EQ(send("b", "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 1\n"), "taken");
}

TEST_F(push_groups, a_path_cannot_give_points_a_second_label_of_theirs) {
  const std::string histogram = "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_sum 1\nh_count 3\n";
  const std::string summary = "# TYPE s summary\ns{quantile=\"0.5\"} 2\ns_sum 1\ns_count 3\n";
  EXPECT_TRUE(begins(send("a/le/5", histogram), "inconsistent: h{instance=\"\",job=\"a\",le=\"5\"} has a label le"));
  EXPECT_TRUE(begins(send("a/quantile/5", summary),
                     "inconsistent: s{instance=\"\",job=\"a\",quantile=\"5\"} has a label quantile"));
  EXPECT_TRUE(begins(send("a", "# TYPE s summary\ns_sum{quantile=\"x\"} 1\n"), "inconsistent: s{"));
  EXPECT_EQ(send("a/le/5", summary), "taken") << "to whom it is a label like others";
  EXPECT_EQ(send("b/le/5", "g 1\n"), "taken");
}

TEST_F(push_groups, a_series_belongs_to_one_group) {
  ASSERT_EQ(send("og", "m{instance=\"i1\"} 1\n"), "taken");
  EXPECT_TRUE(begins(send("og/instance/i1", "m 1\n"),
                     "inconsistent: m{instance=\"i1\",job=\"og\"} is there already, in the group {job=\"og\"}"));
  ASSERT_EQ(send("og", "n 1\n"), "taken") << "its own series stand in nobody's way";
  EXPECT_EQ(send("og/instance/i1", "m 1\n"), "taken");
}

TEST_F(push_groups, a_family_may_change_its_type_when_nobody_else_has_it) {
  ASSERT_EQ(send("a", "# TYPE m gauge\nm 1\n"), "taken");
  ASSERT_EQ(send("a", "# TYPE m counter\nm 1\n"), "taken");
  ASSERT_EQ(send("b", "# TYPE m counter\nm 1\n"), "taken");
  EXPECT_TRUE(begins(send("a", "# TYPE m gauge\nm 1\n"), "inconsistent"));
}

TEST_F(push_groups, an_upper_part_is_refused_whoever_comes_first) {
  ASSERT_EQ(send("a", "h_sum 1\n"), "taken");
  EXPECT_TRUE(begins(send("b", "# TYPE h summary\nh{quantile=\"0.5\"} 1\n"), "inconsistent: the family h_sum collides"));
  EXPECT_EQ(send("b", "# TYPE g summary\ng{quantile=\"0.5\"} 1\n"), "taken");
  EXPECT_EQ(send("c", "g_bucket 1\n"), "taken") << "a summary has no buckets";
}

TEST_F(push_groups, a_refusal_is_a_time_of_the_group) {
  const auto group = groups_.failed(*push::key_of_path("f", false), Instant{1'700'000'000'500});
  ASSERT_NE(group, nullptr);
  groups_.put(group);
  EXPECT_NE(page().find("push_failure_time_seconds{instance=\"\",job=\"f\"} 1.7000000005e+09"), std::string::npos) << page();
  EXPECT_NE(page().find("push_time_seconds{instance=\"\",job=\"f\"} 0\n"), std::string::npos);
  EXPECT_NE(push::groups_json(groups_.all()).find("\"last_push_successful\":false"), std::string::npos);
  ASSERT_EQ(send("f", "a 1\n"), "taken");
  EXPECT_NE(page().find("push_failure_time_seconds{instance=\"\",job=\"f\"} 1.7000000005e+09"), std::string::npos) << "it stays";
  EXPECT_NE(push::groups_json(groups_.all()).find("\"last_push_successful\":true"), std::string::npos);
}

TEST_F(push_groups, limits_are_refused_by_name) {
  for (const char* job : {"a", "b", "c", "d"}) ASSERT_EQ(send(job, "m 1\n"), "taken");
  EXPECT_TRUE(begins(send("e", "m 1\n"), "too_many_groups: "));
  EXPECT_EQ(groups_.failed(*push::key_of_path("e", false), now_), nullptr);
  EXPECT_EQ(send("d", "m 2\n"), "taken") << "a group that is there may go on";
  std::string many;
  for (int i = 0; i < 60; ++i) many += "n{i=\"" + std::to_string(i) + "\"} 1\n";
  EXPECT_TRUE(begins(send("d", many), "too_many_series: "));
  EXPECT_EQ(groups_.series_count(), 12U);
}

TEST_F(push_groups, texts_are_bounded_too_and_what_is_removed_makes_room) {
  groups_ = push::Groups({}, {4, 60, 8'192});
  const auto long_text = [](const std::string& name) {
    return "# HELP " + name + " " + std::string(3'000, 'x') + "\n" + name + " 1\n";
  };
  ASSERT_EQ(send("a", long_text("m1")), "taken");
  ASSERT_EQ(post("a", long_text("m2")), "taken");
  EXPECT_TRUE(begins(post("a", long_text("m3")), "too_many_bytes: ")) << "one family after the other is no way around it";
  EXPECT_TRUE(begins(send("b", long_text("m3")), "too_many_bytes: "));
  EXPECT_TRUE(begins(send("b", "m{l=\"" + std::string(3'000, 'x') + "\"} 1\n"), "too_many_bytes: "));
  EXPECT_EQ(groups_.failed(*push::key_of_path("b/l/" + std::string(3'000, 'x'), false), now_), nullptr);
  ASSERT_EQ(send("a", long_text("m3")), "taken") << "PUT replaces what was there";
  ASSERT_EQ(send("b", long_text("m4")), "taken");
  groups_.remove(*push::key_of_path("a", false));
  groups_.remove(*push::key_of_path("b", false));
  ASSERT_EQ(send("c", long_text("m1") + long_text("m2")), "taken") << "nothing is left of them";
}

TEST_F(push_groups, the_store_gets_series_as_a_scrape_with_honor_labels) {
  ASSERT_EQ(send("e/first@base64/=", "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_count 3\n# TYPE c counter\nc 7\n"), "taken");
  std::string all;
  for (const push::PushedSample& sample : push::samples_of(*groups_.all().front()))
    all += sample.labels.text() + " " + std::to_string(static_cast<int>(sample.value)) + "\n";
  EXPECT_EQ(all, R"(c{job="e"} 7
h_bucket{job="e", le="1"} 2
h_bucket{job="e", le="+Inf"} 3
h_sum{job="e"} 0
h_count{job="e"} 3
push_failure_time_seconds{job="e"} 0
push_time_seconds{job="e"} 1700000001
)");
}

TEST_F(push_groups, a_file_gives_the_group_back_and_a_flipped_bit_is_seen) {
  ASSERT_EQ(send("a/x/y", "# HELP h text\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_sum 1\nn 3\nnan NaN\n"), "taken");
  push::Group group = *groups_.all().front();
  group.families.erase("nan");  // equal to nothing, itself least
  const std::string bytes = push::encode_group(group);
  const auto read = push::decode_group(bytes);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(*read, group);
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    std::string damaged = bytes;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << (i % 8)));
    ASSERT_FALSE(push::decode_group(damaged)) << "bit " << i;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) ASSERT_FALSE(push::decode_group(bytes.substr(0, size))) << size;
  EXPECT_NE(push::file_name_of({{"job", "a"}}), push::file_name_of({{"job", "a"}, {"x", ""}}));
}

TEST_F(push_groups, own_families_win_over_pushed_ones_on_a_page) {
  ASSERT_EQ(send("a", "# HELP m pushed\n# TYPE m gauge\nm 1\n# TYPE n gauge\nn 1\n"), "taken");
  exposition::Page page;
  page.gauge({"m", "own"}, {}, 5);
  page.counter({"n", "own"}, {}, 6);  // of a release that has a family of this name
  push::add_to_page(page, groups_.all());
  const std::string text = page.text();
  EXPECT_TRUE(text.starts_with("# HELP m own\n# TYPE m gauge\nm 5\nm{instance=\"\",job=\"a\"} 1\n"
                               "# HELP n own\n# TYPE n counter\nn 6\n# HELP push_failure")) << text;
}

TEST_F(push_groups, json_lists_groups_as_a_pushgateway) {
  ASSERT_EQ(send("a", "# HELP m words\n# TYPE m gauge\nm 1.5\n# TYPE s summary\ns{quantile=\"0.5\"} 2\ns_count 3\n"), "taken");
  EXPECT_EQ(push::groups_json(groups_.all()),
            R"([{"labels":{"job":"a"},"last_push_successful":true,"m":{"time_stamp":"2023-11-14T22:13:21.000Z","type":"GAUGE",)"
            R"("help":"words","metrics":[{"labels":{"instance":"","job":"a"},"value":"1.5"}]},)"
            R"("push_failure_time_seconds":{"time_stamp":"2023-11-14T22:13:21.000Z","type":"GAUGE",)"
            R"("help":"Last Unix time when changing this group in the Pushgateway failed.",)"
            R"("metrics":[{"labels":{"instance":"","job":"a"},"value":"0"}]},)"
            R"("push_time_seconds":{"time_stamp":"2023-11-14T22:13:21.000Z","type":"GAUGE",)"
            R"("help":"Last Unix time when changing this group in the Pushgateway succeeded.",)"
            R"("metrics":[{"labels":{"instance":"","job":"a"},"value":"1.700000001e+09"}]},)"
            R"("s":{"time_stamp":"2023-11-14T22:13:21.000Z","type":"SUMMARY","metrics":[{"labels":{"instance":"","job":"a"},)"
            R"("quantiles":{"0.5":"2"},"count":"3","sum":"0"}]}}])");
}
