#include "drivers/scrape/dns_targets.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace watchbill::drivers::scrape {
namespace {

// Hundreds of names are answered one after the other, and a change costs a look at all targets of all jobs.
constexpr Duration tell_delay = Duration::milliseconds(100);

constexpr std::string_view name_label = "__meta_dns_name";
constexpr std::string_view srv_target_label = "__meta_dns_srv_record_target";
constexpr std::string_view srv_port_label = "__meta_dns_srv_record_port";
constexpr std::string_view mx_target_label = "__meta_dns_mx_record_target";

std::string address_of(const std::string& host, std::uint16_t port) {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

}  // namespace

std::vector<StaticTargets> targets_in(const std::vector<DnsRecord>& records, const std::string& name,
                                      const DnsDiscoveryConfiguration& written) {
  std::vector<StaticTargets> out;
  for (const DnsRecord& record : records) {
    const bool is_srv = written.type == DnsRecordType::srv;
    StaticTargets& group = out.emplace_back();
    group.targets.push_back(address_of(record.host, is_srv ? record.port : written.port));
    group.labels.set(name_label, name);
    // Names of records are rooted there, and only there.
    if (is_srv) group.labels.set(srv_target_label, record.host + ".");
    if (is_srv) group.labels.set(srv_port_label, std::to_string(record.port));
    if (written.type == DnsRecordType::mx) group.labels.set(mx_target_label, record.host + ".");
  }
  return out;
}

void DnsTargets::configure(const std::vector<DnsDiscoveryConfiguration>& wanted) {
  std::vector<std::shared_ptr<Source>> former;
  former.swap(sources_);
  for (const DnsDiscoveryConfiguration& each : wanted) {
    const auto is_it = [&each](const std::shared_ptr<Source>& source) { return source->written == each; };
    if (std::any_of(sources_.begin(), sources_.end(), is_it)) continue;  // two jobs ask alike
    if (const auto known = std::find_if(former.begin(), former.end(), is_it); known != former.end()) {
      sources_.push_back(*known);
      continue;
    }
    sources_.push_back(std::make_shared<Source>());
    sources_.back()->written = each;
    ask(sources_.back());
  }
  for (const std::shared_ptr<Source>& source : former)
    if (std::find(sources_.begin(), sources_.end(), source) == sources_.end()) end(*source);
}

void DnsTargets::stop() {
  for (const std::shared_ptr<Source>& source : sources_) end(*source);
  sources_.clear();
  if (telling_) links_.loop.cancel(*std::exchange(telling_, std::nullopt));
}

void DnsTargets::end(Source& source) {
  source.is_over = true;
  if (source.timer) links_.loop.cancel(*source.timer);
  source.timer.reset();
}

void DnsTargets::ask(const std::shared_ptr<Source>& source) {
  const std::weak_ptr<Source> weak(source);
  source->timer = links_.loop.after(source->written.refresh_interval, [this, weak] {
    const auto due = weak.lock();
    if (due && !due->is_over) ask(due);
  });
  for (const std::string& written : source->written.names) {
    Name& name = source->names[written];
    if (std::exchange(name.is_asked, true)) continue;  // servers that are silent are not asked twice at a time
    links_.look_up(written, source->written.type, [this, weak, written](const Result<std::vector<DnsRecord>>& records) {
      const auto asked = weak.lock();
      if (asked && !asked->is_over) take(*asked, written, records);
    });
  }
}

void DnsTargets::take(Source& source, const std::string& written, const Result<std::vector<DnsRecord>>& records) {
  Name& name = source.names[written];
  name.is_asked = false;
  std::string complaint = records ? "" : records.error().text();
  if (complaint != name.complaint)
    links_.complain(complaint.empty() ? "targets: " + written + " is looked up again"
                                      : "targets: " + complaint + "; " +
                                            (name.groups.empty() ? "it gives none" : "those that it named last stay"));
  name.complaint = std::move(complaint);
  if (links_.looked_up) links_.looked_up(source.written, records.has_value());
  if (!records) return;
  Groups groups = targets_in(*records, written, source.written);
  // Name servers turn the order of records from answer to answer.
  const auto by_address = [](const StaticTargets& a, const StaticTargets& b) { return a.targets < b.targets; };
  std::sort(groups.begin(), groups.end(), by_address);
  if (groups == name.groups) return;
  name.groups = std::move(groups);
  tell();
}

void DnsTargets::tell() {
  if (telling_) return;
  telling_ = links_.loop.after(tell_delay, [this] {
    telling_.reset();
    links_.on_change();
  });
}

DnsTargets::Groups DnsTargets::groups_of(const DnsDiscoveryConfiguration& source) const {
  const auto is_it = [&source](const std::shared_ptr<Source>& each) { return each->written == source; };
  const auto known = std::find_if(sources_.begin(), sources_.end(), is_it);
  Groups out;
  if (known == sources_.end()) return out;
  for (const auto& [name, state] : (*known)->names) out.insert(out.end(), state.groups.begin(), state.groups.end());
  return out;
}

}  // namespace watchbill::drivers::scrape
