// A data directory with a bill, the controllers that run on it one after the other, and what their journal says.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "serve/program.h"

namespace watchbill::agent_test {

// One event of the journal.
struct RecordedFact {
  std::uint64_t sequence{0};
  std::string type;
  JsonValue fields;
  // A member as text; "" where there is none.
  [[nodiscard]] std::string text(const std::string& name) const;
  [[nodiscard]] std::int64_t number(const std::string& name) const;
};

class House {
 public:
  House() = default;
  // Ends the keeper and every process that it started.
  ~House();
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  // Writes the bill: `workloads` and further keys, as YAML.
  void write_bill(const std::string& text) const;
  void write(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  [[nodiscard]] std::string data() const { return path("data"); }
  [[nodiscard]] std::vector<std::string> arguments() const { return {"--config", path("watchbill.yaml")}; }

  // Every event of a type about a workload, in order; "" means any.
  [[nodiscard]] std::vector<RecordedFact> facts(const std::string& type, const std::string& workload = {}) const;
  // The last state that was recorded; "" before any.
  [[nodiscard]] std::string state_of(const std::string& workload) const;
  // The pid that was recorded last; 0 before any.
  [[nodiscard]] pid_t pid_of(const std::string& workload) const;
  // Waits until that many events of this type are recorded.
  [[nodiscard]] bool sees(const std::string& type, std::size_t count, const std::string& workload = {}) const;
  [[nodiscard]] bool becomes(const std::string& workload, const std::string& state) const;
  // Who listens at keeper.sock; 0 when nobody does.
  [[nodiscard]] pid_t keeper_pid() const;
  [[nodiscard]] std::string log(const std::string& workload) const;

 private:
  serve_test::TemporaryDirectory directory_;
};

[[nodiscard]] bool is_alive(pid_t pid);
// A line `user: NAME` where the keeper needs one.
[[nodiscard]] std::string user_line();

}  // namespace watchbill::agent_test
