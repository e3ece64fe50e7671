#include "drivers/scrape/host_metrics.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "drivers/scrape/host_reader.h"
#include "places.h"

namespace watchbill::drivers::scrape {
namespace {

std::string contents(const std::string& name) {
  std::ifstream file(in_test_data("host_metrics/" + name), std::ios::binary);
  EXPECT_TRUE(file) << name;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string page_of(const HostMetrics& metrics) {
  metrics::exposition::Page page;
  write(metrics, page);
  return page.text();
}

// The golden page is what node_exporter writes for these lines, checked by eye and against its own for its inputs.
TEST(host_metrics, the_texts_of_proc_become_the_page_that_node_exporter_writes) {
  HostMetrics metrics;
  read_stat(contents("stat"), metrics);
  EXPECT_EQ(metrics.malformed_line_count, 4U) << "too few columns, no number of a cpu, a negative number, a word for a number";
  read_meminfo(contents("meminfo"), metrics);
  EXPECT_EQ(metrics.malformed_line_count, 8U) << "a blank in the name, no number, another unit, an empty line";
  read_loadavg(contents("loadavg"), metrics);
  read_net_dev(contents("net_dev"), metrics);
  EXPECT_EQ(metrics.malformed_line_count, 10U) << "too few columns, no colon";
  read_diskstats(contents("diskstats"), metrics);
  EXPECT_EQ(metrics.malformed_line_count, 12U) << "too few columns, a word for the minor number";
  read_file_nr(contents("file_nr"), metrics);
  const std::vector<Mount> mounts = read_mountinfo(contents("mountinfo"), metrics);
  EXPECT_EQ(metrics.malformed_line_count, 14U) << "no separator, cut off";
  FilesystemUsage usage;
  usage.size_bytes = 4096e6;
  usage.free_bytes = 2048;
  usage.available_bytes = 1024;
  usage.files = 100;
  usage.files_free = 7;
  for (const Mount& mount : mounts) {
    add_filesystem(mount, mount.device == "/dev/vda3" ? std::nullopt : std::optional(usage), metrics);
  }
  add_uname({"Linux", "6.1.0-13-amd64", "#1 SMP", "x86_64", "web-1", "(none)"}, metrics);
  add_time(Instant{1700000000250}, metrics);
  EXPECT_EQ(page_of(metrics), contents("page"));
}

TEST(host_metrics, any_cut_of_a_text_is_read_without_harm) {
  for (const std::string name : {"stat", "meminfo", "loadavg", "net_dev", "diskstats", "file_nr", "mountinfo"}) {
    const std::string text = contents(name);
    for (std::size_t size = 0; size <= text.size(); ++size) {
      const std::string_view cut = std::string_view(text).substr(0, size);
      HostMetrics metrics;
      read_stat(cut, metrics);
      read_meminfo(cut, metrics);
      read_loadavg(cut, metrics);
      read_net_dev(cut, metrics);
      read_diskstats(cut, metrics);
      read_file_nr(cut, metrics);
      for (const Mount& mount : read_mountinfo(cut, metrics)) add_filesystem(mount, std::nullopt, metrics);
      (void)page_of(metrics);
    }
  }
}

TEST(host_metrics, of_two_equal_series_the_first_is_written) {
  HostMetrics metrics;
  read_stat("ctxt 1\nctxt 2\n", metrics);
  EXPECT_NE(page_of(metrics).find("node_context_switches_total 1\n"), std::string::npos);
}

TEST(host_metrics, names_of_devices_and_mounts_become_utf8) {
  HostMetrics metrics;
  read_net_dev("e\xff: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n", metrics);
  EXPECT_EQ(metrics.samples.front().labels.get("device"), "e\xEF\xBF\xBD");
  metrics.samples.clear();
  add_filesystem({"/dev/\xff\xfe" "a\xc3", "/\xc3\xbc", "ext4", false}, std::nullopt, metrics);
  EXPECT_EQ(metrics.samples.front().labels.get("device"), "/dev/\xEF\xBF\xBD" "a\xEF\xBF\xBD");
  EXPECT_EQ(metrics.samples.front().labels.get("mountpoint"), "/\xc3\xbc");
}

TEST(host_reader, reads_this_host_twice) {
  HostReader reader;
  std::set<std::string> names;
  for (int round = 0; round < 2; ++round) {
    HostMetrics metrics;
    const std::vector<Error> failures = reader.read(Instant{1700000000000}, metrics);
    for (const Error& failure : failures) ADD_FAILURE() << failure.text();
    EXPECT_EQ(metrics.malformed_line_count, 0U);
    names.clear();
    for (const HostSample& sample : metrics.samples) names.insert(sample.name);
    for (const std::string name :
         {"node_cpu_seconds_total", "node_memory_MemTotal_bytes", "node_load1", "node_network_receive_bytes_total",
          "node_filefd_maximum", "node_boot_time_seconds", "node_uname_info", "node_time_seconds"})
      EXPECT_EQ(names.count(name), 1U) << name << " in round " << round;
  }
}

TEST(host_reader, says_which_files_are_missing_and_reads_the_rest) {
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / "wb_host_reader";
  std::filesystem::create_directories(folder);
  HostReader reader(folder.string());
  std::ofstream(folder / "loadavg") << "1 2 3 1/2 3\n";
  HostMetrics metrics;
  std::vector<Error> failures = reader.read(Instant{0}, metrics);
  ASSERT_EQ(failures.size(), 6U);
  EXPECT_EQ(failures.front().kind, ErrorKind::not_found);
  EXPECT_NE(failures.front().on.find("stat"), std::string::npos);
  EXPECT_TRUE(
      std::any_of(metrics.samples.begin(), metrics.samples.end(), [](const HostSample& s) { return s.name == "node_load5"; }));
  // What appears later is read later.
  std::ofstream(folder / "stat") << "ctxt 5\n";
  failures = reader.read(Instant{0}, metrics);
  EXPECT_EQ(failures.size(), 5U);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace watchbill::drivers::scrape
