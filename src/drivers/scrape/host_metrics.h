// The host's own metrics out of the texts of /proc, under the names that node_exporter gives them.
//
// Every function here is pure: text in, samples out, on any thread. A line that is not what the kernel writes is left out and
// counted; it never makes the rest fail, because one odd device must not blind us to the others. Source: names, labels, types and
// HELP of node_exporter 1.9 (collectors cpu, diskstats, filefd, filesystem, loadavg, meminfo, netdev, stat, time, uname). Left
// out: what its other collectors read.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "metrics/exposition/page.h"
#include "model/labels.h"

namespace watchbill::drivers::scrape {

struct HostSample {
  std::string name;
  metrics::exposition::FamilyType type{metrics::exposition::FamilyType::untyped};
  std::string help;
  Labels labels;  // without __name__
  double value{0};
};

struct HostMetrics {
  std::vector<HostSample> samples;
  std::size_t malformed_line_count{0};
};

// /proc/stat: node_cpu_seconds_total, node_cpu_guest_seconds_total, node_intr_total, node_context_switches_total,
// node_forks_total, node_boot_time_seconds, node_procs_running, node_procs_blocked.
void read_stat(std::string_view text, HostMetrics& out);
// /proc/meminfo: node_memory_FIELD_bytes (and node_memory_FIELD for the counts of huge pages).
void read_meminfo(std::string_view text, HostMetrics& out);
// /proc/loadavg: node_load1, node_load5, node_load15.
void read_loadavg(std::string_view text, HostMetrics& out);
// /proc/net/dev: node_network_{receive,transmit}_*_total by device.
void read_net_dev(std::string_view text, HostMetrics& out);
// /proc/diskstats: node_disk_* by device; partitions, loop, ram and floppy devices are left out, as node_exporter does by
// default.
void read_diskstats(std::string_view text, HostMetrics& out);
// /proc/sys/fs/file-nr: node_filefd_allocated, node_filefd_maximum.
void read_file_nr(std::string_view text, HostMetrics& out);

struct Mount {
  std::string device;
  std::string mount_point;
  std::string type;
  bool is_read_only{false};
};

// /proc/PID/mountinfo: the file systems to ask, each once. Left out are those that node_exporter leaves out by default and,
// because asking them may never return, those that another host answers for (NFS, SMB, FUSE and their like).
[[nodiscard]] std::vector<Mount> read_mountinfo(std::string_view text, HostMetrics& out);

// What statvfs(3) says, in bytes and file nodes.
struct FilesystemUsage {
  double size_bytes{0};
  double free_bytes{0};
  double available_bytes{0};
  double files{0};
  double files_free{0};
};

// node_filesystem_*. Without `usage` the file system did not answer: node_filesystem_device_error is 1 and sizes are absent.
void add_filesystem(const Mount& mount, const std::optional<FilesystemUsage>& usage, HostMetrics& out);

// What uname(2) says.
struct SystemName {
  std::string system, release, version, machine, node, domain;
};
void add_uname(const SystemName& name, HostMetrics& out);  // node_uname_info
void add_time(Instant now, HostMetrics& out);              // node_time_seconds

// Adds all samples to a page. Of two samples of one series the first is written.
void write(const HostMetrics& metrics, metrics::exposition::Page& page);

}  // namespace watchbill::drivers::scrape
