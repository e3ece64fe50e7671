// All groups that were pushed, consistent with each other and with our own metrics: one type for a name, no series twice, no name
// that a histogram or summary needs for its parts. Pure; one thread at a time. Cost of a push: its own group, not all of them.
// Source: prom/pushgateway 1.x (storage/diskmetricstore.go), client_golang's Gatherers.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "metrics/push/request.h"

namespace watchbill::metrics::push {

// Why a push that could be read is not taken. The names are what the answer says.
enum class PushRefusal : std::uint8_t {
  timestamps,       // a sample has a time of its own
  inconsistent,     // with itself, with another group or with our own metrics
  too_many_groups,
  too_many_series,  // of all groups together
  too_many_bytes,   // the same
};
inline constexpr std::size_t push_refusal_count = 5;
[[nodiscard]] std::string_view word(PushRefusal refusal) noexcept;

struct PushRefused {
  PushRefusal reason{PushRefusal::inconsistent};
  std::string text;  // for people
};

struct GroupsLimits {
  std::size_t group_count_max{10'000};
  std::size_t series_count_max{100'000};  // all are read on the I/O loop at each interval
  // What they take in memory, about: a help text may have megabytes, and POST adds to what is there.
  std::size_t bytes_max{std::size_t{128} << 20};
};

struct Push {
  PushLabels key;
  PushedBody body;
  bool replaces{false};  // the whole group (PUT); else families of the same names (POST)
  Instant at;
};

class Groups {
 public:
  using Reserved = std::map<std::string, exposition::FamilyType, std::less<>>;
  // `reserved`: the names and types of the families that /metrics has beside those that are pushed.
  explicit Groups(Reserved reserved, const GroupsLimits& limits = {});

  // What the group becomes by this push. Changes nothing: put() does.
  [[nodiscard]] Result<std::shared_ptr<const Group>, PushRefused> check(Push push) const;
  // What the group becomes when a push to it was refused; null when there is none and no room for one more.
  [[nodiscard]] std::shared_ptr<const Group> failed(const PushLabels& key, Instant at) const;

  // Takes the group in place of the one with its key. Holds: check() or failed() gave it, and nothing was put since.
  void put(std::shared_ptr<const Group> group);
  // A group of the last life. False, and nothing happens, when it is not consistent with those that are there.
  [[nodiscard]] bool restore(std::shared_ptr<const Group> group);
  // Nothing happens when there is none.
  void remove(const PushLabels& key);

  // By key.
  [[nodiscard]] std::vector<std::shared_ptr<const Group>> all() const;
  [[nodiscard]] bool has(const PushLabels& key) const { return groups_.contains(key); }
  [[nodiscard]] std::size_t size() const noexcept { return groups_.size(); }
  [[nodiscard]] std::size_t series_count() const noexcept { return series_count_; }

 private:
  struct Held {
    exposition::FamilyType type{exposition::FamilyType::untyped};
    std::size_t group_count{0};
    std::map<PushLabels, const PushLabels*> owners;  // of each metric: the key of its group, in groups_
  };
  [[nodiscard]] std::optional<PushRefused> find_fault(const Group& group) const;
  [[nodiscard]] std::optional<PushRefused> find_clash(const std::string& name, const Family& family, const Group& group) const;
  [[nodiscard]] std::optional<exposition::FamilyType> type_beside(const std::string& name, const Group& group) const;
  void take_out(const Group& group);

  Reserved reserved_;
  GroupsLimits limits_;
  std::map<PushLabels, std::shared_ptr<const Group>> groups_;
  std::map<std::string, Held, std::less<>> held_;  // by the name of a family
  std::size_t series_count_{0}, bytes_{0};
};

}  // namespace watchbill::metrics::push
