#include "config/tables.h"

#include <fmt/core.h>

#include "config/access.h"
#include "config/alerting.h"
#include "config/alertmanager.h"
#include "config/bill.h"
#include "config/prometheus.h"
#include "config/rules.h"
#include "config/runbooks.h"
#include "config/workloads.h"

namespace watchbill::config {
namespace {

// A cell of a table: pipes would end it.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

void add_table(std::string& out, const TableView& table) {
  if (!table.path.empty()) out += fmt::format("### `{}`\n", table.path);
  out += "| key | value | default | |\n|---|---|---|---|\n";
  std::string later;
  for (const Key& key : table.keys) {
    if (key.presence == Presence::later) {
      later += (later.empty() ? "`" : ", `") + std::string(key.name) + "`";
      continue;
    }
    const std::string fallback = key.presence == Presence::required ? "required"
                                 : key.fallback.empty()             ? ""
                                                                    : fmt::format("`{}`", key.fallback);
    out += fmt::format("| `{}` | {} | {} | {} |\n", key.name, cell(key.type), fallback, cell(key.text));
  }
  if (!later.empty()) out += fmt::format("\nNot in this release, refused as `not_yet_supported`: {}.\n", later);
  out += "\n";
}

constexpr std::string_view beginning = R"(# The bill: every key that works

Generated from the tables of the reader (`src/config`); a test compares them. A bill is one YAML file, `watchbill.yaml`:

```yaml
watchbill: 1
scrape_configs: [{job_name: web, static_configs: [{targets: ["127.0.0.1:9113"]}]}]
rule_files: ["rules/*.yml"]
alertmanager_config: alertmanager.yml
workloads:
  web:
    command: ["nginx", "-g", "daemon off;", "-c", "{{ .Dir }}/nginx.conf"]
    ready: {http: "http://127.0.0.1:8080/healthz", every: 250ms}
bindings:
  WebDown: {unbound: somebody looks at it by hand}
```

- Durations are written as Prometheus writes them (`250ms`, `30s`, `1h30m`), limits as `5 per 10m`, shares as `0.25` or `25%`,
  sizes as `16MiB`.
- Relative paths start at the folder of the file that names them. A pattern (`*`, `?`, `[a-z]`) may stand in the last part.
- `include` adds files with the same keys. A setting may be written once, a name once in each map; both places are told otherwise.
- Texts of workloads are templates with `.Dir` and `.Host`; those of runbooks also have `.Params`, `.Captured`, `.Hosts`, `.Env`.
- Secrets are never written: `env:NAME`, or a key that ends in `_file`.
- A condition is PromQL that gives true or false: a comparison does not filter here.
- Whatever is wrong is told with file, line, column and key path, all at once: `watchbill check`. Nothing is taken of a bill that
  has an error.

)";

}  // namespace

std::vector<Chapter> chapters() {
  return {{"Top-level keys", "", bill_tables()},
          {"Access", "", access_tables()},
          {"Scraping", "As in `prometheus.yml`.", prometheus_tables()},
          {"Rule files", "Prometheus' own, unmodified.", rule_tables()},
          {"Other Alertmanagers", "As in `prometheus.yml`.", alerting_tables()},
          {"Alertmanager file",
           "Alertmanager's own, unmodified: its routes, inhibition, time intervals, receivers and templates. What a route leaves "
           "out it has from the route above it, but for time intervals; what an integration leaves out, from `global`. Secrets "
           "may stand in it; they come neither into the journal nor into what clients are shown.",
           alertmanager_tables()},
          {"Workloads", "", workload_tables()},
          {"Probes", "", probe_tables()},
          {"Runbooks, bindings, environments", "", runbook_tables()}};
}

std::string tables_document(const std::vector<TableView>& tables) {
  std::string out;
  for (const TableView& table : tables) add_table(out, table);
  return out;
}

std::string bill_document() {
  std::string out(beginning);
  for (const Chapter& chapter : chapters()) {
    out += fmt::format("## {}\n", chapter.title);
    if (!chapter.text.empty()) out += std::string(chapter.text) + "\n\n";
    out += tables_document(chapter.tables);
  }
  out.pop_back();
  return out;
}

}  // namespace watchbill::config
