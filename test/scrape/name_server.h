// A name server on a port of 127.0.0.1, over UDP and TCP, that answers, errs or is silent as a test says.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace watchbill::scrape_test {

inline constexpr int type_a = 1, type_cname = 5, type_mx = 15, type_aaaa = 28, type_srv = 33;

// Data of a record as it goes over the wire.
[[nodiscard]] std::string name_bytes(const std::string& name);
[[nodiscard]] std::string address_bytes(const std::string& address);  // IPv4 or IPv6
[[nodiscard]] std::string srv_bytes(std::uint16_t port, const std::string& target);
[[nodiscard]] std::string mx_bytes(const std::string& target);

struct Records {
  struct Record {
    int type{type_a};
    std::string data;
  };
  std::vector<Record> records;
  int code{0};               // of the answer: 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED
  bool is_cut{false};        // over UDP: an answer without records that says so
  bool is_silent{false};
  bool is_broken{false};     // the last record ends too early
};

// The answer to a question, both as bytes.
[[nodiscard]] std::string answer_bytes(const std::string& question, const Records& records, bool is_udp);

class NameServer {
 public:
  explicit NameServer(std::uint16_t port = 0);  // 0: a free one
  ~NameServer();
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // From now on; a name that it was told nothing of does not exist.
  void answer(const std::string& name, int type, Records records);
  // "NAME TYPE udp" of each question so far.
  [[nodiscard]] std::vector<std::string> asked() const;

 private:
  void serve();
  [[nodiscard]] std::string reply(const std::string& question, bool is_udp);

  int udp_{-1}, tcp_{-1};
  std::uint16_t port_{0};
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, Records> records_;
  std::vector<std::string> asked_;
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

}  // namespace watchbill::scrape_test
