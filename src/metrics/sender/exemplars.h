// Exemplars, told to a remote as they come: one request at a time, behind the samples of their series, which a receiver such as
// Prometheus must know before.
//
// They are of memory alone, and take no part in what is noted: what the store forgets before the receiver takes it, and what a
// crash or a change of the remote cuts short, is not sent. Pure. Source: Prometheus 2.42, QueueManager.AppendExemplars.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "metrics/remote/message.h"
#include "metrics/sender/terms.h"
#include "metrics/tsdb/exemplar_store.h"

namespace watchbill::metrics::sender {

class Exemplars {
 public:
  // As tsdb::ExemplarStore::arrived_from().
  using Source = std::function<tsdb::ExemplarStore::Arrived(std::uint64_t number, std::size_t count_max)>;

  // `terms` and `figures` outlive it. What the store has already is sent too; a receiver that has it passes it over.
  Exemplars(const Terms& terms, Figures& figures);

  // `all_is_answered`: no sample of the log is on its way.
  void give_calls(Instant now, const Source& source, bool all_is_answered, std::uint64_t& next_id, std::vector<Call>& out);
  // False when it is no call of these.
  bool take(const Answer& answer, Instant now);
  [[nodiscard]] Instant wake_at() const noexcept;

 private:
  void look(Instant now, const Source& source);
  [[nodiscard]] bool is_ripe(Instant now, bool all_is_answered) const;
  void make_body(const tsdb::ExemplarStore::Arrived& arrived);

  const Terms& terms_;
  Figures& figures_;
  bool is_begun_{false};
  std::uint64_t next_{0};    // what came to the store before it is done
  std::uint64_t until_{0};   // what came before it was seen at `seen_at_`: samples that it rests on were in the store then
  Instant seen_at_;
  std::uint64_t behind_{0};  // where the request in hand ends
  std::string body_;         // of the request in hand; empty: none
  std::size_t count_{0};     // its exemplars
  std::uint64_t call_{0};
  Instant try_at_;
  Duration backoff_;
};

}  // namespace watchbill::metrics::sender
