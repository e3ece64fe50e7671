// Records of names, asked of the name servers that the system's resolv.conf names, on the loop, by c-ares.
//
// As Prometheus looks them up: the servers in their order, over UDP and, where the answer does not fit, over TCP; names with few
// dots below the search domains too. Not by /etc/hosts or other sources of names. resolv.conf is read again within a second of
// being changed. Source: Prometheus 2.42 discovery/dns (lookupWithSearchPath).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/configuration_scrape.h"
#include "ports/io_loop.h"

namespace watchbill::drivers::scrape {

struct DnsRecord {
  std::string host;        // an address of A and AAAA; else the name that the record leads to, without a dot at its end
  std::uint16_t port{0};   // of SRV
  friend bool operator==(const DnsRecord&, const DnsRecord&) = default;
};

// The names to ask for in turn, rooted ones without their dot: what a resolver makes of a name with these search domains. Pure.
[[nodiscard]] std::vector<std::string> names_to_ask(const std::string& name, std::span<const std::string> domains, int dots_min);

// The records of this type in an answer's bytes, in their order; others in it (CNAME) do not count. Fails (invalid) on what is no
// answer. Pure.
[[nodiscard]] Result<std::vector<DnsRecord>> records_in(std::span<const std::uint8_t> answer, DnsRecordType type);

class Resolver {
 public:
  struct Settings {
    std::string servers;                        // "ADDRESS:PORT,…"; empty: those of the system
    Duration timeout{Duration::seconds(2)};     // of one server; doubled when all are asked once more
    int attempt_count{2};                       // of each server
  };
  // Called once, on the loop, never from within look_up(). No records: the name has none of this type, or all servers say that it
  // does not exist. Fails (interrupted) when no server gave a valid answer for one of the names to ask.
  using Done = std::function<void(Result<std::vector<DnsRecord>>)>;

  // `loop` outlives it. Everything is called on the loop.
  explicit Resolver(ports::IoLoop& loop) : Resolver(loop, Settings()) {}
  Resolver(ports::IoLoop& loop, Settings settings);
  ~Resolver() { stop(); }
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Whoever waits for an answer is called no more.
  void stop();
  void look_up(const std::string& name, DnsRecordType type, Done done);

 private:
  class Channel;

  ports::IoLoop& loop_;
  const Settings settings_;
  std::vector<std::shared_ptr<Channel>> channels_;  // the newest last; lookups of one moment share their sockets
  std::shared_ptr<const bool> is_alive_{std::make_shared<const bool>(true)};
};

}  // namespace watchbill::drivers::scrape
