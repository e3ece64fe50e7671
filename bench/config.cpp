// depends: wb_config wb_base wb_model
// How long a large bill takes: 5 000 workloads with probes, in one file; and the rules of 1 000 alerts with bindings.
#include <chrono>
#include <cstdio>
#include <map>
#include <string>

#include <fmt/core.h>

#include "config/load.h"
#include "model/codec.h"

namespace {

using namespace watchbill;
using namespace watchbill::config;

constexpr int workload_count = 5000;
constexpr int alert_count = 1000;

std::map<std::string, std::string> large_bill() {
  std::string bill = "watchbill: 1\nrule_files: [rules.yml]\nworkloads:\n";
  for (int i = 0; i < workload_count; ++i) {
    bill += fmt::format(
        "  worker-{}:\n    command: [\"/opt/worker/bin/run\", \"--shard\", \"{}\", \"--config\", \"{{{{ .Dir "
        "}}}}/worker.conf\"]\n"
        "    restart: {{policy: always, backoff: {{initial: 50ms, max: 30s}}, limit: 5 per 10m}}\n"
        "    ready: {{http: \"http://127.0.0.1:{}/healthz\", every: 250ms, timeout: 200ms, rise: 2, fall: 3}}\n"
        "    environment: {{SHARD: \"{}\", LEVEL: info}}\n    user: worker\n",
        i, i, 10'000 + i, i);
    if (i > 0) bill += fmt::format("    after: [worker-{}]\n", i - 1);
  }
  bill += "bindings:\n";
  std::string rules = "groups:\n  - name: g\n    rules:\n";
  for (int i = 0; i < alert_count; ++i) {
    bill += fmt::format("  Alert{}: {{unbound: a figure}}\n", i);
    rules += fmt::format(
        "      - alert: Alert{}\n        expr: sum by (job) (rate(http_requests_total{{code=~\"5..\", shard=\"{}\"}}[5m])) > {}\n"
        "        for: 5m\n        labels: {{severity: warning}}\n"
        "        annotations: {{summary: \"{{{{ $labels.job }}}} has {{{{ $value }}}} errors a second\"}}\n",
        i, i, i);
  }
  return {{"/etc/wb/watchbill.yaml", bill}, {"/etc/wb/rules.yml", rules}};
}

}  // namespace

int main() {
  const std::map<std::string, std::string> texts = large_bill();
  FileReader files;
  files.read = [&texts](const std::string& path) -> Result<std::string> { return texts.at(path); };
  files.list = [](const std::string&) -> Result<std::vector<std::string>> { return std::vector<std::string>{}; };
  LoadOptions options;
  options.working_directory = "/etc/wb";
  double best_ms = 1e9;
  std::size_t canonical_bytes = 0;
  for (int run = 0; run < 5; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    const Loaded loaded = load_bill("watchbill.yaml", files, options);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    if (!loaded.configuration) {
      std::fputs("the bill of the benchmark has errors\n", stderr);
      return 1;
    }
    best_ms = took.count() < best_ms ? took.count() : best_ms;
    canonical_bytes = canonical_text(*loaded.configuration).size();
  }
  fmt::print(
      "{{\"bench\": \"config\", \"workloads\": {}, \"alerts\": {}, \"bytes\": {}, \"canonical_bytes\": {}, \"load_ms\": "
      "{:.1f}}}\n",
      workload_count, alert_count, texts.at("/etc/wb/watchbill.yaml").size() + texts.at("/etc/wb/rules.yml").size(),
      canonical_bytes, best_ms);
  return 0;
}
