// Targets that records of names lead to: looked up at the refresh interval, on the loop.
//
// A lookup that fails leaves what the name led to before; a name that does not exist, or has no such records, leads nowhere.
// Source: Prometheus 2.42 discovery/dns.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "drivers/scrape/resolver.h"
#include "model/configuration_scrape.h"
#include "ports/io_loop.h"

namespace watchbill::drivers::scrape {

// The targets that the records of a name are, one group each, with __meta_dns_name and its like. Pure.
[[nodiscard]] std::vector<StaticTargets> targets_in(const std::vector<DnsRecord>& records, const std::string& name,
                                                    const DnsDiscoveryConfiguration& written);

class DnsTargets {
 public:
  using Groups = std::vector<StaticTargets>;
  struct Links {
    ports::IoLoop& loop;
    std::function<void(const std::string& name, DnsRecordType type, Resolver::Done done)> look_up;
    std::function<void()> on_change;                   // groups_of() gives something else; soon, for many answers once
    std::function<void(const std::string&)> complain;  // once for each new reason
    std::function<void(const DnsDiscoveryConfiguration&, bool is_good)> looked_up{};  // each time that a name was
  };
  // All of `links` outlive it. Everything is called on the loop.
  explicit DnsTargets(Links links) : links_(std::move(links)) {}
  ~DnsTargets() { stop(); }
  DnsTargets(const DnsTargets&) = delete;
  DnsTargets& operator=(const DnsTargets&) = delete;

  // From now on these; new ones are looked up at once.
  void configure(const std::vector<DnsDiscoveryConfiguration>& wanted);
  // Looks up nothing any more.
  void stop();

  [[nodiscard]] Groups groups_of(const DnsDiscoveryConfiguration& source) const;

 private:
  struct Name {
    Groups groups;
    std::string complaint;  // empty: the last answer was good
    bool is_asked{false};   // the last lookup is not back
  };
  struct Source {
    DnsDiscoveryConfiguration written;
    std::map<std::string, Name> names;
    std::optional<ports::TimerId> timer;
    bool is_over{false};
  };

  void ask(const std::shared_ptr<Source>& source);
  void take(Source& source, const std::string& name, const Result<std::vector<DnsRecord>>& records);
  void end(Source& source);
  void tell();

  const Links links_;
  std::optional<ports::TimerId> telling_;
  std::vector<std::shared_ptr<Source>> sources_;
};

}  // namespace watchbill::drivers::scrape
