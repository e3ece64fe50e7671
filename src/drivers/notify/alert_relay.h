// Tells other Alertmanagers of alerts, as Prometheus does: all that fire once a minute, and each at once when it begins or ends
// to.
//
// An Alertmanager keeps what it is told until the alert's end time; so nothing is lost by telling twice, and whoever was away is
// told everything when it is back. Each is told for itself: what it could not take is told again, after 1 s, 2 s, … up to 30 s;
// what it refuses (4xx) with the next minute's. A call that is refused for what is in it (400, 413, 422) is halved until the
// alert that is not wanted is alone: one keeps no other from being told.
// Nothing of it is in the journal: the alerts are. Everything happens on the loop. Source: Prometheus 2.42 notifier/notifier.go,
// rules/alerting.go (sendAlerts); telling again what was not accepted is ours.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/labels.h"
#include "ports/http_client.h"
#include "ports/io_loop.h"

namespace watchbill::drivers::notify {

struct RelayedAlert {
  std::string id;
  Labels labels;                                   // as they are told: relabelled, none dropped
  std::map<std::string, std::string> annotations;
  Instant starts_at;
  std::optional<Instant> ended_at;                 // it fires no more
  std::string generator_url;
};

struct Alertmanager {
  std::string url;                                 // of POST: "http://HOST:PORT/PREFIX/api/v2/alerts"
  Duration timeout{Duration::seconds(10)};
  // Puts credentials, TLS and proxy into each call; empty: there is nothing to put.
  std::function<Status(ports::HttpCall&)> settle;
};

// What the relay did since each was configured, in the units of Prometheus' metrics of the same names.
struct RelayFigures {
  struct Peer {
    std::string url;
    std::uint64_t sent_count{0};   // alerts in calls that were answered or failed
    std::uint64_t error_count{0};  // calls that were not taken
  };
  std::vector<Peer> peers;
  std::uint64_t dropped_count{0};  // alerts that one refused for good; those of the next minute are counted anew
  std::size_t waiting_count{0};    // alerts that are to be told next, of all of them
};

class AlertRelay {
 public:
  static constexpr Duration resend_delay = Duration::minutes(1);
  static constexpr std::size_t alerts_of_call_max = 64;
  // Calls in a minute that may be halved, and refused alerts that are named in one; then a refused call counts for all in it.
  static constexpr std::uint32_t halvings_max = 256;
  static constexpr std::uint32_t names_said_max = 10;

  struct Links {
    ports::IoLoop& loop;
    ports::HttpClient& client;
    std::function<Instant()> now;  // the engine clock
    // A number that changes with every change of an alert.
    std::function<std::uint64_t()> version;
    // Reads the alerts that fire or ended a short while ago, elsewhere, and calls `done` on the loop; false: not now.
    std::function<bool(std::function<void(std::vector<RelayedAlert>)> done)> read;
    std::function<void(const std::string&)> complain;  // to the log
  };
  // All of `links` outlive it.
  explicit AlertRelay(Links links) : links_(std::move(links)) {}
  ~AlertRelay();
  AlertRelay(const AlertRelay&) = delete;
  AlertRelay& operator=(const AlertRelay&) = delete;

  // Whom to tell from now on; those that stay keep what they were told. `interval_max`: of the rule groups; an alert that is not
  // told again ends for them after four times that, or four minutes. Loop.
  void configure(std::vector<Alertmanager> alertmanagers, Duration interval_max);
  // Tells nobody any more. Loop.
  void stop();
  // Loop.
  [[nodiscard]] RelayFigures figures() const;

 private:
  // What one of them was told of an alert.
  struct Told {
    Instant at;
    bool has_ended{false};
    bool is_refused{false};  // alone
  };
  struct Peer {
    Alertmanager to;
    std::map<std::string, Told> told;  // by alert id
    std::vector<RelayedAlert> due;     // what it is to be told next
    bool is_left_out{false};           // by configure(): nothing is told or heard any more
    bool is_calling{false};
    std::size_t call_max{alerts_of_call_max};  // fewer while a refused one is looked for
    Instant minute;                    // the one in which the next two are counted
    std::uint32_t halving_count{0}, name_count{0};
    std::uint32_t refused_with{0};     // a status, when a call of this round was refused for all in it
    bool has_taken{false};             // a call of this round
    bool is_refusing{false};           // said: it refuses calls
    bool missed_a_reading{false};      // it was calling when alerts were read
    Duration pause;                    // after the last failure; 0: there was none
    Instant not_before;
    std::uint64_t sent_count{0}, error_count{0};
  };

  void plan();
  void pass();
  void take(const std::vector<RelayedAlert>& alerts);
  void tell(const std::shared_ptr<Peer>& peer);
  void hear(const std::shared_ptr<Peer>& peer, std::size_t count, const Result<ports::HttpAnswer, ports::HttpFailure>& answer);
  [[nodiscard]] static bool was_refused(const Peer& peer, const RelayedAlert& alert);
  void note_final(Peer& peer, std::size_t count, std::uint32_t status);
  void end_round(Peer& peer);
  [[nodiscard]] std::string body_of(const Peer& peer, std::size_t count) const;

  const Links links_;
  std::vector<std::shared_ptr<Peer>> peers_;
  Duration validity_{resend_delay * 4};
  std::optional<ports::TimerId> timer_;
  bool is_reading_{false};
  std::uint64_t seen_version_{0};
  Instant read_at_;
  std::uint64_t dropped_count_{0};
  Duration read_took_;  // a tenth of the time goes into reading at most
  std::shared_ptr<bool> is_alive_{std::make_shared<bool>(true)};  // false: answers that still come mean nothing
};

}  // namespace watchbill::drivers::notify
