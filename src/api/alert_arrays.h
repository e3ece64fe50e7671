// Alerts for answers that tell of very many of them, read in pieces: between two pieces the follower may apply what waits, so
// nobody's answer waits until a long list is written.
//
// Such an answer is no view of one record, as Prometheus' own is of none (it locks one rule after the other). Each alert is as it
// was when its piece was read; one that is there all the while is told once, in its place; nothing is missing that was recorded
// before the first piece was read.
#pragma once

#include <string>

#include "api/services.h"
#include "base/json.h"
#include "core/state.h"

namespace watchbill::api {

// The arrays of one answer. Any thread that may take its time.
class AlertArrays {
 public:
  explicit AlertArrays(const Services& services) : services_(services) {}

  // Appends to `out` the JSON array of what write(json, id, alert) writes for the alerts from the id `from` on, in the order of
  // their ids, until it returns false. `write` is called under the lock of the state.
  template <class Write>
  void append(std::string& out, std::string from, Write write) {
    std::string piece;
    JsonWriter json(piece);
    json.begin_array();
    for (bool has_more = true; has_more && is_whole_;) {
      has_more = append_piece(piece, from, [&](const std::string& id, const core::alert::Alert& alert) {
        return write(json, id, alert);
      });
      // Room for all that may follow, if all are like these: a text that grows again and again is copied as often.
      if (has_more && out.capacity() - out.size() < piece.size())
        out.reserve(out.size() + piece.size() * (alert_count_ / piece_alerts_max + 2));
      out.append(piece);
      piece.clear();
      is_whole_ = !has_more || !services_.watch.is_ending();
    }
    json.end_array();
    out.append(piece);
  }

  // False: the controller ends, and not all was read.
  [[nodiscard]] bool is_whole() const noexcept { return is_whole_; }
  // The record before the first piece; 0 before there was one.
  [[nodiscard]] Sequence sequence() const noexcept { return sequence_; }

 private:
  // One piece is what the state's lock is held for: 0.2 ms.
  static constexpr std::size_t piece_alerts_max = 512;
  static constexpr std::size_t piece_bytes_max = 64U << 10;

  // True when more follows, from `from` on.
  template <class Visit>
  bool append_piece(const std::string& piece, std::string& from, Visit visit) {
    return services_.follower.read([&](const core::State& state, const ChainHead& head) {
      if (sequence_ == 0) sequence_ = head.sequence;
      alert_count_ = state.alert.alerts.size();
      bool has_more = false;
      std::size_t count = 0;
      state.alert.alerts.each_from(from, [&](const std::string& id, const core::alert::Alert& alert) {
        has_more = count++ == piece_alerts_max || piece.size() >= piece_bytes_max;
        if (has_more) from = id;
        return !has_more && visit(id, alert);
      });
      return has_more;
    });
  }

  const Services& services_;
  Sequence sequence_{0};
  std::size_t alert_count_{0};  // of all rules
  bool is_whole_{true};
};

}  // namespace watchbill::api
