// The numbered reports of one connection, on their way into the journal: offered in order, acknowledged to the keeper only when
// they are durable, and offered again from the first that was refused. Loop thread only, save that outcomes may come on any.
#pragma once

#include <deque>
#include <functional>
#include <optional>

#include "drivers/agent/offer.h"
#include "drivers/agent/reports.h"
#include "ports/io_loop.h"

namespace watchbill::drivers::agent {

class ReportQueue {
 public:
  struct Parts {
    ports::IoLoop& loop;
    Offer offer;
    std::function<void(std::uint64_t through)> acknowledge;  // everything up to it is durable
  };
  explicit ReportQueue(Parts parts) : parts_(std::move(parts)) {}

  // A new connection: what was not acknowledged comes again. Holds reports back until open().
  void begin();
  void open();
  // Takes the next report of the workload area; numbers only grow within a connection.
  void take(std::uint64_t number, ToldReport report);
  // Takes a report whose outcome another one keeps: it is durable when settle() says so.
  void take_foreign(std::uint64_t number);
  void settle(std::uint64_t number);

 private:
  struct Entry {
    std::uint64_t number{0};
    std::optional<ToldReport> report;  // absent: foreign
    bool is_offered{false};
    bool is_durable{false};
  };

  void pump();
  void outcome(std::uint64_t round, std::uint64_t number, OfferOutcome outcome);
  void offer_again();
  void acknowledge();

  const Parts parts_;
  std::deque<Entry> entries_;            // at most model::wire::unacknowledged_max
  std::uint64_t offered_through_{0};     // the last of the workload area in this round
  std::uint64_t round_{0};               // outcomes of an earlier one mean nothing
  bool is_open_{false};
  bool is_pausing_{false};
};

}  // namespace watchbill::drivers::agent
