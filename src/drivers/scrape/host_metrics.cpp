#include "drivers/scrape/host_metrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include "base/json.h"
#include "metrics/exposition/number.h"

namespace watchbill::drivers::scrape {
namespace {

using metrics::exposition::FamilyType;

constexpr double ticks_per_second = 100;  // USER_HZ, which the kernel has promised to user space on every architecture of ours
constexpr double sector_bytes = 512;      // of /proc/diskstats, whatever the device has
// Multiplied by, not divided: node_exporter rounds that way.
constexpr double seconds_per_ms = 1.0 / 1000;

// Gives the first line and takes it off the text.
std::string_view take_line(std::string_view& text) noexcept {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// Gives the first word between blanks and takes it off the line; empty at its end.
std::string_view take_word(std::string_view& line) noexcept {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

std::optional<double> unsigned_number(std::string_view word) noexcept {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (failure != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return static_cast<double>(value);
}

// Reads numbers to the end of the line; nothing when a word is none.
std::optional<std::vector<double>> unsigned_numbers(std::string_view line) {
  std::vector<double> values;
  for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
    const std::optional<double> value = unsigned_number(word);
    if (!value.has_value()) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

struct Described {
  std::string_view name;
  FamilyType type;
  std::string_view help;
};

void add(HostMetrics& out, const Described& family, double value, Labels labels = {}) {
  out.samples.push_back(HostSample{std::string(family.name), family.type, std::string(family.help), std::move(labels), value});
}

// Names of mounts, network devices and hosts are any bytes; label values are UTF-8. Each run of other bytes becomes one U+FFFD.
std::string valid_utf8(std::string_view text) {
  std::string out;
  bool was_wrong = false;
  while (!text.empty()) {
    const std::size_t wrong = std::min(find_invalid_utf8(text), text.size());
    out.append(text.substr(0, wrong));
    if (wrong != 0) was_wrong = false;
    text.remove_prefix(wrong);
    if (text.empty()) break;
    if (!std::exchange(was_wrong, true)) out.append("\xEF\xBF\xBD");
    text.remove_prefix(1);
  }
  return out;
}

Labels device_label(std::string_view device) {
  Labels labels;
  labels.set("device", valid_utf8(device));
  return labels;
}

constexpr Described cpu_seconds{"node_cpu_seconds_total", FamilyType::counter, "Seconds the CPUs spent in each mode."};
constexpr Described guest_seconds{"node_cpu_guest_seconds_total", FamilyType::counter,
                                  "Seconds the CPUs spent in guests (VMs) for each mode."};
// In the order of /proc/stat. Guest time is in user and nice already, hence a family of its own.
constexpr std::array<std::string_view, 8> cpu_modes{"user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"};
constexpr std::array<std::string_view, 2> guest_modes{"user", "nice"};

bool read_cpu_line(std::string_view cpu, std::string_view rest, HostMetrics& out) {
  if (!unsigned_number(cpu).has_value()) return false;
  const std::optional<std::vector<double>> ticks = unsigned_numbers(rest);
  if (!ticks.has_value() || ticks->size() < 4) return false;
  for (std::size_t i = 0; i < std::min(ticks->size(), cpu_modes.size() + guest_modes.size()); ++i) {
    const bool is_guest = i >= cpu_modes.size();
    Labels labels(
        {{"cpu", std::string(cpu)}, {"mode", std::string(is_guest ? guest_modes[i - cpu_modes.size()] : cpu_modes[i])}});
    add(out, is_guest ? guest_seconds : cpu_seconds, (*ticks)[i] / ticks_per_second, std::move(labels));
  }
  return true;
}

struct StatField {
  std::string_view key;
  Described family;
};
constexpr std::array<StatField, 6> stat_fields{{
    {"intr", {"node_intr_total", FamilyType::counter, "Total number of interrupts serviced."}},
    {"ctxt", {"node_context_switches_total", FamilyType::counter, "Total number of context switches."}},
    {"btime", {"node_boot_time_seconds", FamilyType::gauge, "Node boot time, in unixtime."}},
    {"processes", {"node_forks_total", FamilyType::counter, "Total number of forks."}},
    {"procs_running", {"node_procs_running", FamilyType::gauge, "Number of processes in runnable state."}},
    {"procs_blocked", {"node_procs_blocked", FamilyType::gauge, "Number of processes blocked waiting for I/O to complete."}},
}};

// In the order of /proc/diskstats, after the device's name.
struct DiskField {
  Described family;
  double unit;  // what one of the kernel's is in ours
};
constexpr std::array<DiskField, 17> disk_fields{{
    {{"node_disk_reads_completed_total", FamilyType::counter, "The total number of reads completed successfully."}, 1},
    {{"node_disk_reads_merged_total", FamilyType::counter, "The total number of reads merged."}, 1},
    {{"node_disk_read_bytes_total", FamilyType::counter, "The total number of bytes read successfully."}, sector_bytes},
    {{"node_disk_read_time_seconds_total", FamilyType::counter, "The total number of seconds spent by all reads."},
     seconds_per_ms},
    {{"node_disk_writes_completed_total", FamilyType::counter, "The total number of writes completed successfully."}, 1},
    {{"node_disk_writes_merged_total", FamilyType::counter, "The number of writes merged."}, 1},
    {{"node_disk_written_bytes_total", FamilyType::counter, "The total number of bytes written successfully."}, sector_bytes},
    {{"node_disk_write_time_seconds_total", FamilyType::counter, "This is the total number of seconds spent by all writes."},
     seconds_per_ms},
    {{"node_disk_io_now", FamilyType::gauge, "The number of I/Os currently in progress."}, 1},
    {{"node_disk_io_time_seconds_total", FamilyType::counter, "Total seconds spent doing I/Os."}, seconds_per_ms},
    {{"node_disk_io_time_weighted_seconds_total", FamilyType::counter, "The weighted # of seconds spent doing I/Os."},
     seconds_per_ms},
    {{"node_disk_discards_completed_total", FamilyType::counter, "The total number of discards completed successfully."}, 1},
    {{"node_disk_discards_merged_total", FamilyType::counter, "The total number of discards merged."}, 1},
    {{"node_disk_discarded_sectors_total", FamilyType::counter, "The total number of sectors discarded successfully."}, 1},
    {{"node_disk_discard_time_seconds_total", FamilyType::counter, "This is the total number of seconds spent by all discards."},
     seconds_per_ms},
    {{"node_disk_flush_requests_total", FamilyType::counter, "The total number of flush requests completed successfully"}, 1},
    {{"node_disk_flush_requests_time_seconds_total", FamilyType::counter,
      "This is the total number of seconds spent by all flush requests."},
     seconds_per_ms},
}};

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Takes digits off the end; false when there are none.
bool strip_digits(std::string_view& text) noexcept {
  const std::size_t size = text.size();
  while (!text.empty() && is_digit(text.back())) text.remove_suffix(1);
  return text.size() != size;
}

// node_exporter's ^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$
bool is_ignored_disk(std::string_view device) noexcept {
  if (!strip_digits(device)) return false;
  for (const std::string_view stem : {"ram", "zram", "loop", "fd"})
    if (device == stem) return true;
  for (const std::string_view bus : {"hd", "sd", "vd", "xvd"})
    if (device.size() == bus.size() + 1 && device.starts_with(bus) && device.back() >= 'a' && device.back() <= 'z') return true;
  if (!device.starts_with("nvme") || !device.ends_with('p')) return false;
  device.remove_suffix(1);
  if (!strip_digits(device) || !device.ends_with('n')) return false;
  device.remove_suffix(1);
  return strip_digits(device) && device == "nvme";
}

// Columns of /proc/net/dev.
constexpr std::array<std::string_view, 16> net_columns{
    "receive_bytes",    "receive_packets",    "receive_errs",  "receive_drop",  "receive_fifo",  "receive_frame",
    "receive_compressed", "receive_multicast", "transmit_bytes", "transmit_packets", "transmit_errs", "transmit_drop",
    "transmit_fifo",    "transmit_colls",     "transmit_carrier", "transmit_compressed"};

// The kernel writes blank, tab, newline and backslash of a mount point as three octal digits.
std::string unescape_octal(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    const auto [end, failure] = text[i] == '\\' && i + 3 < text.size()
                                    ? std::from_chars(text.data() + i + 1, text.data() + i + 4, code, 8)
                                    : std::from_chars_result{text.data(), std::errc::invalid_argument};
    if (failure == std::errc() && end == text.data() + i + 4 && code < 256) {
      out.push_back(static_cast<char>(code));
      i += 3;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

bool is_below(std::string_view path, std::string_view folder) noexcept {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

bool is_inside(std::string_view path, std::string_view folder) noexcept {
  return is_below(path, folder) && path.size() > folder.size() + 1;
}

bool is_ignored_mount_point(std::string_view path) noexcept {
  return is_below(path, "/dev") || is_below(path, "/proc") || is_below(path, "/sys") || is_inside(path, "/run/credentials") ||
         is_inside(path, "/var/lib/docker") || is_inside(path, "/var/lib/containers/storage");
}

bool is_ignored_type(std::string_view type) noexcept {
  constexpr std::array<std::string_view, 25> kernel_types{
      "autofs",  "binfmt_misc", "bpf",    "cgroup", "cgroup2", "configfs", "debugfs",     "devpts",     "devtmpfs",
      "fusectl", "hugetlbfs",   "iso9660", "mqueue", "nsfs",   "overlay",  "proc",        "procfs",     "pstore",
      "rpc_pipefs", "securityfs", "selinuxfs", "squashfs", "erofs", "sysfs", "tracefs"};
  constexpr std::array<std::string_view, 10> remote_types{"nfs",  "nfs4", "cifs", "smb3",      "smbfs",
                                                          "ceph", "afs",  "9p",   "glusterfs", "lustre"};
  if (type.starts_with("fuse.") || type == "fuse") return true;
  return std::find(kernel_types.begin(), kernel_types.end(), type) != kernel_types.end() ||
         std::find(remote_types.begin(), remote_types.end(), type) != remote_types.end();
}

bool has_option(std::string_view options, std::string_view option) noexcept {
  while (!options.empty()) {
    const std::size_t end = options.find(',');
    if (options.substr(0, end) == option) return true;
    options.remove_prefix(end == std::string_view::npos ? options.size() : end + 1);
  }
  return false;
}

}  // namespace

void read_stat(std::string_view text, HostMetrics& out) {
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const std::string_view key = take_word(line);
    if (key.starts_with("cpu")) {
      if (key != "cpu" && !read_cpu_line(key.substr(3), line, out)) ++out.malformed_line_count;
      continue;
    }
    const auto field = std::find_if(stat_fields.begin(), stat_fields.end(), [&](const StatField& f) { return f.key == key; });
    if (field == stat_fields.end()) continue;
    // The first number; `intr` has thousands more.
    const std::optional<double> value = unsigned_number(take_word(line));
    if (value.has_value()) add(out, field->family, *value);
    else ++out.malformed_line_count;
  }
}

void read_meminfo(std::string_view text, HostMetrics& out) {
  constexpr double kibibyte = 1024;
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const std::size_t colon = line.find(':');
    std::string field(line.substr(0, colon));
    line.remove_prefix(colon == std::string_view::npos ? line.size() : colon + 1);
    std::optional<double> value = unsigned_number(take_word(line));
    const std::string_view unit = take_word(line);
    // Active(anon) is Active_anon.
    std::erase(field, ')');
    std::replace(field.begin(), field.end(), '(', '_');
    if (!value.has_value() || !is_metric_name(field) || (!unit.empty() && unit != "kB")) {
      ++out.malformed_line_count;
      continue;
    }
    if (unit == "kB") {
      *value *= kibibyte;
      field += "_bytes";
    }
    const std::string help = "Memory information field " + field + ".";
    add(out, Described{"node_memory_" + field, FamilyType::gauge, help}, *value);
  }
}

void read_loadavg(std::string_view text, HostMetrics& out) {
  constexpr std::array<Described, 3> families{{{"node_load1", FamilyType::gauge, "1m load average."},
                                               {"node_load5", FamilyType::gauge, "5m load average."},
                                               {"node_load15", FamilyType::gauge, "15m load average."}}};
  std::string_view line = take_line(text);
  for (const Described& family : families) {
    const std::optional<double> value = metrics::exposition::parse_number(take_word(line));
    if (!value.has_value()) {
      ++out.malformed_line_count;
      return;
    }
    add(out, family, *value);
  }
}

void read_net_dev(std::string_view text, HostMetrics& out) {
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (line.find('|') != std::string_view::npos) continue;  // the two lines of headings
    const std::size_t colon = line.rfind(':');               // an alias has one in its name
    std::string_view before = line.substr(0, colon);
    const std::string_view device = take_word(before);
    const std::optional<std::vector<double>> values =
        colon == std::string_view::npos ? std::nullopt : unsigned_numbers(line.substr(colon + 1));
    if (device.empty() || !values.has_value() || values->size() != net_columns.size()) {
      ++out.malformed_line_count;
      continue;
    }
    for (std::size_t i = 0; i < net_columns.size(); ++i) {
      const std::string name = "node_network_" + std::string(net_columns[i]) + "_total";
      const std::string help = "Network device statistic " + std::string(net_columns[i]) + ".";
      add(out, Described{name, FamilyType::counter, help}, (*values)[i], device_label(device));
    }
  }
}

void read_diskstats(std::string_view text, HostMetrics& out) {
  constexpr std::size_t fields_min = 11;  // of kernels before 4.18
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const bool has_number = unsigned_number(take_word(line)).has_value() && unsigned_number(take_word(line)).has_value();
    const std::string_view device = take_word(line);
    const std::optional<std::vector<double>> values = unsigned_numbers(line);
    if (!has_number || device.empty() || !values.has_value() || values->size() < fields_min) {
      ++out.malformed_line_count;
      continue;
    }
    if (is_ignored_disk(device)) continue;
    for (std::size_t i = 0; i < std::min(values->size(), disk_fields.size()); ++i) {
      const DiskField& field = disk_fields[i];
      add(out, field.family, (*values)[i] * field.unit, device_label(device));
    }
  }
}

void read_file_nr(std::string_view text, HostMetrics& out) {
  const std::optional<std::vector<double>> values = unsigned_numbers(take_line(text));
  if (!values.has_value() || values->size() != 3) {
    ++out.malformed_line_count;
    return;
  }
  add(out, Described{"node_filefd_allocated", FamilyType::gauge, "File descriptor statistics: allocated."}, (*values)[0]);
  add(out, Described{"node_filefd_maximum", FamilyType::gauge, "File descriptor statistics: maximum."}, (*values)[2]);
}

std::vector<Mount> read_mountinfo(std::string_view text, HostMetrics& out) {
  std::vector<Mount> mounts;
  std::set<std::pair<std::string, std::string>> seen;  // device and mount point: of two mounts at one place the first is told
  while (!text.empty()) {
    std::string_view line = take_line(text);
    // id, parent, major:minor, root, mount point, options, optional fields, "-", type, source, options of the superblock
    std::array<std::string_view, 6> head;
    for (std::string_view& word : head) word = take_word(line);
    std::string_view word = take_word(line);
    while (!word.empty() && word != "-") word = take_word(line);
    const std::string_view type = take_word(line);
    const std::string_view source = take_word(line);
    const std::string_view super_options = take_word(line);
    if (word != "-" || source.empty()) {
      ++out.malformed_line_count;
      continue;
    }
    Mount mount;
    mount.device = unescape_octal(source);
    mount.mount_point = unescape_octal(head[4]);
    mount.type = std::string(type);
    mount.is_read_only =
        has_option(head[5], "ro") || has_option(super_options, "ro") || has_option(super_options, "emergency_ro");
    if (is_ignored_mount_point(mount.mount_point) || is_ignored_type(type)) continue;
    if (seen.emplace(mount.device, mount.mount_point).second) mounts.push_back(std::move(mount));
  }
  return mounts;
}

void add_filesystem(const Mount& mount, const std::optional<FilesystemUsage>& usage, HostMetrics& out) {
  const Labels labels(
      {{"device", valid_utf8(mount.device)}, {"fstype", valid_utf8(mount.type)}, {"mountpoint", valid_utf8(mount.mount_point)}});
  add(out,
      {"node_filesystem_device_error", FamilyType::gauge,
       "Whether an error occurred while getting statistics for the given device."},
      usage.has_value() ? 0 : 1, labels);
  add(out, {"node_filesystem_readonly", FamilyType::gauge, "Filesystem read-only status."}, mount.is_read_only ? 1 : 0, labels);
  if (!usage.has_value()) return;
  add(out, {"node_filesystem_size_bytes", FamilyType::gauge, "Filesystem size in bytes."}, usage->size_bytes, labels);
  add(out, {"node_filesystem_free_bytes", FamilyType::gauge, "Filesystem free space in bytes."}, usage->free_bytes, labels);
  add(out, {"node_filesystem_avail_bytes", FamilyType::gauge, "Filesystem space available to non-root users in bytes."},
      usage->available_bytes, labels);
  add(out, {"node_filesystem_files", FamilyType::gauge, "Filesystem total file nodes."}, usage->files, labels);
  add(out, {"node_filesystem_files_free", FamilyType::gauge, "Filesystem total free file nodes."}, usage->files_free, labels);
}

void add_uname(const SystemName& name, HostMetrics& out) {
  add(out, {"node_uname_info", FamilyType::gauge, "Labeled system information as provided by the uname system call."}, 1,
      Labels({{"sysname", valid_utf8(name.system)},
              {"release", valid_utf8(name.release)},
              {"version", valid_utf8(name.version)},
              {"machine", valid_utf8(name.machine)},
              {"nodename", valid_utf8(name.node)},
              {"domainname", valid_utf8(name.domain)}}));
}

void add_time(Instant now, HostMetrics& out) {
  add(out, {"node_time_seconds", FamilyType::gauge, "System time in seconds since epoch (1970)."},
      static_cast<double>(now.ms) / 1000);
}

void write(const HostMetrics& metrics, metrics::exposition::Page& page) {
  std::set<std::pair<std::string_view, const Labels>> written;
  for (const HostSample& sample : metrics.samples) {
    if (!written.emplace(sample.name, sample.labels).second) continue;
    const metrics::exposition::Family family{sample.name, sample.help};
    if (sample.type == FamilyType::counter) page.counter(family, sample.labels, sample.value);
    else page.gauge(family, sample.labels, sample.value);
  }
}

}  // namespace watchbill::drivers::scrape
