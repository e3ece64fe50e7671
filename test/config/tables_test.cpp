// The tables of keys against what is written elsewhere: the documentation, the specified list, the defaults of the structs.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "config/bill.h"
#include "config/cases.h"
#include "config/tables.h"
#include "model/codec.h"

namespace watchbill::config {
namespace {

std::string text_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(tables, the_documentation_is_what_the_reader_reads) {
  const std::string path = WB_SOURCE_DIR "/docs/bill.md";
  if (std::getenv("WB_WRITE_GOLDENS") != nullptr) std::ofstream(path, std::ios::binary) << bill_document();
  EXPECT_EQ(text_of_file(path), bill_document());
}

TEST(tables, every_specified_top_level_key_is_read_or_refused_by_name) {
  std::istringstream in(text_of_file(WB_TEST_DATA "/config/top_level_keys.txt"));
  std::set<std::string> specified;
  for (std::string word; in >> word;) specified.insert(word);
  std::set<std::string> known;
  for (const Key& key : bill_keys()) known.insert(std::string(key.name));
  EXPECT_EQ(known, specified);
}

TEST(tables, every_key_says_what_it_is_and_comes_once) {
  for (const Chapter& chapter : chapters())
    for (const TableView& table : chapter.tables) {
      std::set<std::string_view> names;
      for (const Key& key : table.keys) {
        EXPECT_TRUE(names.insert(key.name).second) << table.path << "." << key.name;
        if (key.presence == Presence::later) continue;
        EXPECT_FALSE(key.type.empty()) << table.path << "." << key.name;
        EXPECT_NE(key.read, nullptr) << table.path << "." << key.name;
      }
    }
}

// Where a table's object may stand in a bill; %s is its keys. Those of neighbours' files are in those files.
struct Home {
  std::string_view path;
  std::string_view before;
  std::string_view after;
};
constexpr Home homes[] = {
    {"", "", ""},
    {"storage", "storage: {", "}"},
    {"evaluation", "evaluation: {", "}"},
    {"access", "access: {", "}"},
    {"global", "global: {", "}"},
    {"scrape_configs[]", "scrape_configs: [{job_name: j, ", "}]"},
    {"remote_write[]", "remote_write: [{url: 'http://a/', ", "}]"},
    {"remote_write[].queue_config", "remote_write: [{url: 'http://a/', queue_config: {", "}}]"},
    {"remote_write[].metadata_config", "remote_write: [{url: 'http://a/', metadata_config: {", "}}]"},
    {"supervisor", "supervisor: {", "}"},
    {"workloads.NAME", "workloads: {a: {command: [x], ", "}}"},
    {"workloads.NAME.restart", "workloads: {a: {command: [x], restart: {", "}}}"},
    {"workloads.NAME.restart.backoff", "workloads: {a: {command: [x], restart: {backoff: {", "}}}}"},
    {"workloads.NAME.hang", "workloads: {a: {command: [x], hang: {timeout: 5s, ", "}}}"},
    {"workloads.NAME.stop", "workloads: {a: {command: [x], stop: {", "}}}"},
    {"workloads.NAME.log", "workloads: {a: {command: [x], log: {", "}}}"},
    {"workloads.NAME.reload", "workloads: {a: {command: [x], reload: {", "}}}"},
    {"workloads.NAME.{started,live,ready}", "workloads: {a: {command: [x], ready: {tcp: 'a:1', ", "}}}"},
    {"probes.NAME", "probes: {a: {tcp: 'a:1', ", "}}"},
    {"runbooks.NAME.parameters.NAME", "runbooks: {a: {summary: s, steps: [{name: x, read: {query: up}}], parameters: {p: {",
     "}}}}"},
    {"bindings.ALERT",
     "runbooks: {a: {summary: s, steps: [{name: x, read: {query: up}}]}, b: {summary: s, steps: [{name: x, read: {query: "
     "up}}]}}\nbindings: {A: {mitigation: a, rollback: b, ",
     "}}"},
    {"bindings.ALERT.limits",
     "runbooks: {a: {summary: s, steps: [{name: x, read: {query: up}}]}, b: {summary: s, steps: [{name: x, read: {query: "
     "up}}]}}\nbindings: {A: {mitigation: a, rollback: b, limits: {",
     "}}}"},
    {"environments.NAME", "environments: {a: {", "}}"},
    {"environments.NAME.approvals", "environments: {a: {approvals: {", "}}}"},
};

TEST(tables, a_default_is_what_a_key_that_is_left_out_means) {
  std::size_t count = 0;
  const auto configuration_of = [](const Home& home, const std::string& keys) {
    const std::string text = "watchbill: 1\n" + std::string(home.before) + keys + std::string(home.after) + "\n";
    const MemoryFiles files{{"/etc/wb/watchbill.yaml", text}};
    LoadOptions options;
    options.working_directory = memory_folder;
    const Loaded loaded = load_bill("watchbill.yaml", reader_of(files), options);
    EXPECT_TRUE(loaded.configuration.has_value()) << text << report_of(loaded);
    return loaded.configuration ? canonical_text(*loaded.configuration) : "";
  };
  for (const Chapter& chapter : chapters())
    for (const TableView& table : chapter.tables)
      for (const Home& home : homes) {
        if (home.path != table.path) continue;
        const std::string without = configuration_of(home, "");
        for (const Key& key : table.keys) {
          if (key.fallback.empty()) continue;
          EXPECT_EQ(configuration_of(home, std::string(key.name) + ": " + std::string(key.fallback)), without)
              << table.path << "." << key.name;
          ++count;
        }
      }
  EXPECT_GE(count, 45U);
}

}  // namespace
}  // namespace watchbill::config
