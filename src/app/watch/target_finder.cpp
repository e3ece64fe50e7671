#include "app/watch/target_finder.h"

#include <algorithm>

#include "config/discovery.h"
#include "config/disk.h"
#include "config/paths.h"

namespace watchbill::app::watch {
namespace {

namespace scrape = drivers::scrape;

using Groups = std::vector<StaticTargets>;

Result<Groups> read_groups(const std::string& path) {
  Result<std::string> text = config::disk_files().read(path);
  if (!text) return text.error();
  const bool is_json = path.ends_with(".json") || path.ends_with(".JSON");
  return config::parse_target_groups(std::move(*text), path, is_json ? config::GroupSyntax::json : config::GroupSyntax::yaml);
}

// A pattern that matches nothing, and a folder that is not there, stand for no files, as in Prometheus.
std::vector<std::string> files_of(const std::string& pattern) {
  if (!config::is_pattern(config::file_name_of(pattern))) return {pattern};
  const std::string folder = config::folder_of(pattern);
  const Result<std::vector<std::string>> names = config::disk_files().list(folder.empty() ? "/" : folder);
  std::vector<std::string> out;
  if (!names) return out;
  for (const std::string& name : *names)
    if (config::matches(config::file_name_of(pattern), name)) out.push_back(folder + "/" + name);
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<FileDiscoveryConfiguration> files_in(const std::vector<scrape::Job>& jobs) {
  std::vector<FileDiscoveryConfiguration> out;
  for (const scrape::Job& job : jobs)
    out.insert(out.end(), job.written.file_discovery.begin(), job.written.file_discovery.end());
  return out;
}

}  // namespace

TargetFinder::TargetFinder(const Links& links)
    : links_(links),
      files_({files_of, read_groups, [this] { links_.loop.post(links_.on_change); }, links_.complain,
              [this](const std::string& path) { return config::seen_from(links_.files_seen_from, path); },
              [this](const std::string& pattern) { counts_.failed(pattern); }}),
      servers_({links_.loop, links_.client,
                [](const std::string& text, const std::string& url) {
                  return config::parse_target_groups(text, url, config::GroupSyntax::json);
                },
                links_.on_change, links_.complain,
                [this](const HttpDiscoveryConfiguration& source) { counts_.failed(source); }}),
      resolver_(links_.loop),
      names_({links_.loop,
              [this](const std::string& name, DnsRecordType type, scrape::Resolver::Done done) {
                resolver_.look_up(name, type, std::move(done));
              },
              links_.on_change, links_.complain,
              [this](const DnsDiscoveryConfiguration& source, bool is_good) { counts_.looked_up(source, is_good); }}) {}

void TargetFinder::read_files(const std::vector<scrape::Job>& jobs) {
  counts_.configure(jobs);
  files_.read_now(files_in(jobs));
}

void TargetFinder::configure(const std::vector<scrape::Job>& jobs) {
  std::vector<HttpDiscoveryConfiguration> servers;
  std::vector<DnsDiscoveryConfiguration> names;
  for (const scrape::Job& job : jobs) {
    servers.insert(servers.end(), job.written.http_discovery.begin(), job.written.http_discovery.end());
    names.insert(names.end(), job.written.dns_discovery.begin(), job.written.dns_discovery.end());
  }
  counts_.configure(jobs);
  files_.configure(files_in(jobs));
  servers_.configure(servers);
  names_.configure(names);
}

void TargetFinder::stop_asking() {
  servers_.stop();
  names_.stop();
  resolver_.stop();
}

FoundTargets TargetFinder::find(const std::vector<scrape::Job>& jobs) {
  FoundTargets out;
  std::set<std::string> failures;
  std::set<Labels> known;
  for (const scrape::Job& job : jobs) {
    Groups groups = job.written.static_configs;
    const auto add = [&groups](const Groups& more) { groups.insert(groups.end(), more.begin(), more.end()); };
    for (const FileDiscoveryConfiguration& source : job.written.file_discovery)
      for (const std::string& pattern : source.files) add(files_.groups_of(pattern));
    for (const HttpDiscoveryConfiguration& source : job.written.http_discovery) add(servers_.groups_of(source));
    for (const DnsDiscoveryConfiguration& source : job.written.dns_discovery) add(names_.groups_of(source));
    scrape::JobTargets found = scrape::targets_of(job, groups);
    std::size_t target_count = 0;
    for (const StaticTargets& group : groups) target_count += group.targets.size();
    counts_.found(job.written.job, target_count);
    failures.insert(found.failures.begin(), found.failures.end());
    out.dropped.insert(out.dropped.end(), found.dropped.begin(), found.dropped.end());
    for (scrape::FoundTarget& target : found.active) {
      if (known.insert(target.target.labels).second) out.active.push_back(std::move(target));
      else
        failures.insert("job " + target.job + ": a target of another job has the labels " + target.target.labels.text() +
                        " already; it is not scraped");
    }
  }
  for (const std::string& failure : failures)
    if (!failures_.contains(failure)) links_.complain("targets: " + failure);
  failures_ = std::move(failures);
  return out;
}

}  // namespace watchbill::app::watch
