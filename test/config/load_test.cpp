#include "config/load.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "config/cases.h"
#include "config/disk.h"
#include "config/paths.h"
#include "config/tables.h"
#include "config/walk.h"
#include "model/codec.h"
#include "places.h"

namespace watchbill::config {
namespace {

Loaded load(const MemoryFiles& files, LoadOptions options = {}) {
  options.working_directory = memory_folder;
  return load_bill("watchbill.yaml", reader_of(files), options);
}

Case example() {
  std::ifstream in(in_test_data("config/example.cases"), std::ios::binary);
  return cases_of({std::istreambuf_iterator<char>(in), {}}).front();
}

// With the line ends of another system.
TEST(load, an_empty_line_ends_what_a_comment_mutes_whatever_ends_the_line) {
  std::string rules = R"(# Ours.

# watchbill disable no_for
groups:
  - name: g
    rules:
      # watchbill disable never_fires

      - {alert: A, expr: count(x) == 0}
      - {alert: B, expr: up == 0}
)";
  for (std::size_t at = rules.find('\n'); at != std::string::npos; at = rules.find('\n', at + 2)) rules.replace(at, 1, "\r\n");
  const Loaded loaded = load({{"/etc/wb/watchbill.yaml",
                               "watchbill: 1\nbindings: {A: {unbound: t}, B: {unbound: t}}\nrule_files: [r.yml]\n"},
                              {"/etc/wb/r.yml", rules}});
  EXPECT_NE(report_of(loaded).find("[never_fires]"), std::string::npos) << report_of(loaded);
  EXPECT_EQ(report_of(loaded).find("[no_for]"), std::string::npos) << report_of(loaded);
}

TEST(load, the_example_says_what_it_says) {
  const Loaded loaded = load(example().files);
  ASSERT_TRUE(loaded.configuration) << report_of(loaded);
  const Configuration& all = *loaded.configuration;
  EXPECT_EQ(all.folder, "/etc/wb");
  EXPECT_EQ(all.data, "/etc/wb/data");
  ASSERT_EQ(all.scrape_configs.size(), 1U);
  EXPECT_EQ(all.scrape_configs[0].scrape_interval, Duration::seconds(1));
  EXPECT_EQ(all.scrape_configs[0].scrape_timeout, Duration::seconds(1)) << "a timeout gives way to a shorter interval";
  ASSERT_EQ(all.rule_groups.size(), 1U);
  EXPECT_EQ(all.rule_groups[0].file, "/etc/wb/rules/web.yml");
  EXPECT_EQ(all.rule_groups[0].interval, Duration::seconds(5)) << "a group without an interval has the global one";
  EXPECT_EQ(all.rule_groups[0].rules.at(0).for_, Duration::seconds(5));
  ASSERT_TRUE(all.routing);
  EXPECT_EQ(all.routing->receivers.at("ops").integrations.at(0).secrets.at("url"), "http://127.0.0.1:9000/hook");
  EXPECT_EQ(all.routing->routes.front().group_wait, Duration::seconds(30));
  EXPECT_EQ(all.access.people.at("bo").roles, (std::vector<std::string>{"operator", "approver"}));
  EXPECT_EQ(all.access.people.at("ana").contacts, (std::vector<Contact>{{"ana@example.net", "email"}}));
  const WorkloadConfiguration& web = all.supervision.workloads.at("web");
  EXPECT_EQ(web.command.back(), "/etc/wb/nginx.conf");
  EXPECT_EQ(web.directory, "/etc/wb");
  EXPECT_EQ(web.restart.policy, RestartPolicy::always);
  EXPECT_EQ(web.restart.initial, Duration::milliseconds(50));
  EXPECT_EQ(web.stop.signal, 3U);
  EXPECT_EQ(web.ready->target, "http://127.0.0.1:8080/healthz");
  const ConfiguredStep& restart = all.runbooks.runbooks.at("restart-web").steps.at(0);
  EXPECT_EQ(text_of(restart.actions.at(0).args, "restart"), "web");
  EXPECT_EQ(restart.verify->for_, Duration::seconds(3));
  EXPECT_EQ(all.runbooks.bindings.at("WebDown").limits.target_share_millionths, 250'000U);
  EXPECT_EQ(all.runbooks.workload_groups, (std::map<std::string, std::string>{{"web", ""}}));
}

TEST(load, a_configuration_survives_its_canonical_text) {
  const MemoryFiles full{{"/etc/wb/watchbill.yaml", R"(
watchbill: 1
listen: ["127.0.0.1:1", "[::1]:2"]
external_url: https://ops.example.net/
tls: {cert_file: a, key_file: b}
access: {anonymous: none, compatible: open, tokens: {ci: {roles: [operator], file: ci.token}}}
storage: {retention: 2h}
evaluation: {early: all}
supervisor: {namespace: prod, shutdown_deadline: 5m, exec_user: "wb:wb"}
probes: {shop: {unix: /run/shop.sock, labels: {service: shop}, stale_after: 5m}}
workloads:
  a:
    command: [x, ""]
    enabled: false
    skip_reason: later
    environment: {A: b, EMPTY: ""}
    hang: {heartbeat: file, file: beat, timeout: 5s}
    restart: {limit: none, backoff: {factor: 1.5, jitter: 25%}}
    requires: {b: completed}
    success_exit_codes: [0, 3]
    umask: 0027
    log: {rate: 2MiB/s, keep: 0}
    pre_stop: [y]
    max_runtime: 1h
    no_new_privileges: false
    limits: {open_files: 1024}
    reload: {on_change: signal, signal: USR1}
    ready: {notify: true}
  b: {command: [z], group: g, instances: 3, wants: [a]}
environments: {production: {auto_actions: true, approvals: {required: 2, roles: [release_manager]}}}
runbooks:
  r:
    summary: all kinds of steps
    environment: production
    parameters: {who: {required: true}, why: {default: ""}}
    target: "host/{{ .Params.who }}"
    steps:
      - {name: logs, read: {exec: [tail, x], dir: /tmp, env: {TOKEN: "env:TOKEN"}}, timeout: 5s}
      - {name: ask, probe: {http: {url: "http://h/", status: [200, 204], json: {a: b}}}, on_failure: continue}
      - {name: wait, wait_for: {query: up == 1, for: 1s, within: 2s, interval: 500ms}, when: {step: ask, verdict: pass}}
      - {name: yes, approve: {roles: [owner]}}
      - name: change
        do: [{file: {path: /a, content: "{{ .Captured.logs }}"}}, {shell: "true", idempotent: true, ask: true}]
        verify: {http: {url: "http://h/", retries: 3, delay: 5s}}
        undo: {exec: [undo]}
        verify_undo: {tcp: "h:1"}
        retry: {attempts: 5, backoff: {initial: 2s}}
      - {name: inner, run: s, parameters: {p: "{{ .Params.who }}"}}
  s: {summary: s, parameters: {p: {}}, steps: [{name: x, read: {tcp: "{{ .Params.p }}:1"}}]}
bindings: {A: {mitigation: r, rollback: s, mode: auto}, B: {unbound: x}}
)"}};
  for (const MemoryFiles& files : {example().files, full}) {
    const Loaded loaded = load(files);
    ASSERT_TRUE(loaded.configuration) << report_of(loaded);
    const std::string text = canonical_text(*loaded.configuration);
    Configuration again;
    ASSERT_TRUE(from_canonical_text(text, again));
    EXPECT_EQ(canonical_text(again), text);
    EXPECT_EQ(again.supervision, loaded.configuration->supervision);
    EXPECT_EQ(again.access, loaded.configuration->access);
    EXPECT_EQ(again.rule_groups, loaded.configuration->rule_groups);
    EXPECT_EQ(again.routing, loaded.configuration->routing);
  }
}

TEST(load, equal_bills_have_equal_bytes) {
  EXPECT_EQ(canonical_text(*load(example().files).configuration), canonical_text(*load(example().files).configuration));
}

TEST(load, a_report_ends) {
  std::string text = "watchbill: 1\nworkloads:\n";
  for (int i = 0; i < 300; ++i) text += "  w" + std::to_string(i) + ": {command: [x, '{{ .Nobody }}'], after: [nobody]}\n";
  const Loaded loaded = load({{"/etc/wb/watchbill.yaml", text}});
  EXPECT_EQ(loaded.findings.size(), Report::count_max);
  EXPECT_EQ(loaded.dropped_count, 600 - Report::count_max);
  EXPECT_EQ(loaded.exit_code(false), 2);
}

TEST(load, warnings_never_hide_an_error) {
  std::string text = "watchbill: 1\naccess:\n  tokens:\n";
  for (int i = 0; i < 300; ++i) text += "    t" + std::to_string(i) + ": {roles: [operator], file: t}\n";
  text += "workloads: {a: {command: [x], after: [nobody]}}\n";
  const Loaded loaded = load({{"/etc/wb/watchbill.yaml", text}});
  EXPECT_FALSE(loaded.configuration);
  EXPECT_NE(report_of(loaded).find("there is no workload nobody"), std::string::npos);
}

TEST(load, a_byte_order_mark_and_foreign_line_ends_are_taken) {
  const Loaded loaded = load({{"/etc/wb/watchbill.yaml", "\xef\xbb\xbfwatchbill: 1\r\ndata: x\r\n"}});
  EXPECT_EQ(report_of(loaded), "ok\n");
  ASSERT_TRUE(loaded.configuration);
  EXPECT_EQ(loaded.configuration->data, "/etc/wb/x");
}

TEST(load, the_example_of_the_documentation_loads) {
  const std::string document = bill_document();
  const std::size_t begin = document.find("```yaml\n") + 8;
  const std::string text = document.substr(begin, document.find("```", begin) - begin);
  const MemoryFiles files{
      {"/etc/wb/watchbill.yaml", text},
      {"/etc/wb/rules/web.yml", "groups: [{name: web, rules: [{alert: WebDown, expr: up == 0, for: 1m}]}]\n"},
      {"/etc/wb/alertmanager.yml", "route: {receiver: ops}\nreceivers: [{name: ops}]\n"}};
  EXPECT_EQ(report_of(load(files)), "ok\n");
}

TEST(load, the_number_of_files_ends) {
  LoadOptions options;
  options.files_max = 2;
  MemoryFiles files{{"/etc/wb/watchbill.yaml", "watchbill: 1\ninclude: ['*.yml']\n"}};
  for (const char* name : {"a", "b", "c"}) files[std::string("/etc/wb/") + name + ".yml"] = "watchbill: 1\n";
  const Loaded loaded = load(files, options);
  EXPECT_EQ(report_of(loaded).find("watchbill.yaml:2:11: error: include[0]: a bill has at most 2 files [too_large]"), 0U);
}

TEST(load, warnings_fail_only_when_asked) {
  const Loaded loaded =
      load({{"/etc/wb/watchbill.yaml",
             "watchbill: 1\naccess: {tokens: {a: {roles: [operator], file: t}, b: {roles: [operator], file: t}}}\n"}});
  EXPECT_EQ(loaded.exit_code(false), 0);
  EXPECT_EQ(loaded.exit_code(true), 1);
}

TEST(load, a_disk_is_read) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "watchbill_config_disk";
  std::filesystem::create_directories(folder / "rules");
  std::ofstream(folder / "watchbill.yaml") << "watchbill: 1\nrule_files: ['rules/*.yml']\n";
  std::ofstream(folder / "rules" / "a.yml") << "groups: [{name: g, rules: [{record: a, expr: up}]}]\n";
  std::ofstream(folder / "rules" / "b.txt") << "}";
  LoadOptions options;
  options.working_directory = folder.string();
  const Loaded loaded = load_bill("watchbill.yaml", disk_files(), options);
  EXPECT_EQ(report_of(loaded), "ok\n");
  EXPECT_EQ(loaded.configuration->rule_groups.size(), 1U);
  EXPECT_NE(report_of(load_bill("rules", disk_files(), options)).find("this is no regular file"), std::string::npos);
  EXPECT_NE(report_of(load_bill("watchbill.yaml", disk_files(8), options)).find("more than 8 bytes"), std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST(paths, are_made_absolute_and_plain) {
  EXPECT_EQ(absolute_path("/etc/wb", "./data"), "/etc/wb/data");
  EXPECT_EQ(absolute_path("/etc/wb", "../x//y/."), "/etc/x/y");
  EXPECT_EQ(absolute_path("/etc/wb", "/a/../../b"), "/b");
  EXPECT_EQ(absolute_path("", "watchbill.yaml"), "/watchbill.yaml");
  EXPECT_EQ(folder_of("/watchbill.yaml"), "");
  EXPECT_EQ(file_name_of("/etc/wb/a.yml"), "a.yml");
}

TEST(paths, are_named_as_somebody_sees_them) {
  EXPECT_EQ(seen_from("/etc/wb", "/etc/wb/rules/a.yml"), "rules/a.yml");
  EXPECT_EQ(seen_from("/etc/wb", "/etc/a.yml"), "../a.yml");
  EXPECT_EQ(seen_from("/", "/etc/a.yml"), "etc/a.yml");
  EXPECT_EQ(seen_from("", "/etc/a.yml"), "/etc/a.yml");
}

TEST(paths, patterns_match_as_in_go) {
  EXPECT_TRUE(matches("*.yml", "a.yml"));
  EXPECT_FALSE(matches("*.yml", "a.yaml"));
  EXPECT_TRUE(matches("*a*b*", "xxaxxbxx"));
  EXPECT_TRUE(matches("web-[0-9]?.yml", "web-1x.yml"));
  EXPECT_FALSE(matches("web-[^0-9].yml", "web-1.yml"));
  EXPECT_TRUE(matches("\\*.yml", "*.yml"));
  EXPECT_FALSE(matches("[a-", "a"));
  EXPECT_FALSE(matches("[]a]", "a")) << "a class is not empty";
  EXPECT_FALSE(matches("", "a"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_FALSE(matches(std::string(60, '*') + "b", std::string(5000, 'a')));
}

TEST(walk, names_come_after_what_they_name_and_circles_are_told) {
  const Walk found = walk({{"a", {"b", "c"}}, {"b", {"c"}}, {"c", {"nobody"}}, {"d", {"e"}}, {"e", {"d", "e"}}});
  EXPECT_EQ(found.order, (std::vector<std::string_view>{"c", "b", "a", "e", "d"}));
  ASSERT_EQ(found.circles.size(), 2U);
  EXPECT_EQ(text_of(found.circles[0]), "d -> e -> d");
  EXPECT_EQ(text_of(found.circles[1]), "e -> e");
}

}  // namespace
}  // namespace watchbill::config
