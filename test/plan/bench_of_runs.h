// A core that is driven by hand: commands at instants, the events that they cause, restarts from what was recorded.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/decide.h"
#include "core/plan/plan.h"
#include "core/process.h"
#include "model/codec.h"
#include "model/configuration.h"

namespace watchbill::core {

class BenchOfRuns {
 public:
  explicit BenchOfRuns(Limits limits = {}) : limits_(limits) {
    take(Instant{}, engine_command(StartLineage{Lineage{std::string(32, '1')}, {}}));
  }

  // Decides and applies a command with its reactions; gives the events, in order.
  std::vector<Event> take(Instant at, const Command& command) {
    const BlobLookup find = [this](const Digest& digest) -> std::optional<std::string> {
      const auto known = blobs_.find(digest);
      return known == blobs_.end() ? std::nullopt : std::optional(known->second);
    };
    Processed processed = process(state_, seen_, command, ProcessInputs{at, limits_, reactions(), find});
    refused_ = processed.answer.refused;
    for (const std::string& bytes : command.blobs) blobs_[sha256(bytes)] = bytes;
    for (const std::string& bytes : processed.blobs) blobs_[sha256(bytes)] = bytes;
    std::vector<Event> events;
    if (processed.events.empty()) return events;
    Record record;
    record.header.sequence = state_.progress.sequence + 1;
    record.header.time = at;
    record.events = processed.events;
    apply_end(state_, RecordEnd{record.header, command.actor.name, command.request, record.events, processed.pending}, limits_);
    for (const RecordedEvent& each : record.events)
      if (!is_page(each.event)) events.push_back(each.event);
    records_.push_back(std::move(record));
    return events;
  }

  // Meets what is due, earliest first, up to and with `until`.
  std::vector<Event> meet_deadlines(Instant until) {
    std::vector<Event> all;
    while (state_.schedule.deadlines.next() <= until) {
      std::optional<Subject> subject;
      Instant at;
      state_.schedule.deadlines.each_due(until, [&](Instant due, const Subject& first) {
        subject = first;
        at = due;
        return false;
      });
      for (Event& event : take(at, engine_command(deadline_command(seen_, *subject, at)))) all.push_back(std::move(event));
    }
    return all;
  }

  // That a held run is paged, and no longer, is told in test/core/pages_test.cpp.
  static bool is_page(const Event& event) {
    const auto* fired = std::get_if<AlertFired>(&event);
    const auto* resolved = std::get_if<AlertResolved>(&event);
    return (fired != nullptr && fired->source == AlertSource::built_in) || (resolved != nullptr && resolved->rule.text.empty());
  }

  // The state that a controller finds that reads the records, through bytes and back.
  [[nodiscard]] State replayed() const {
    State state;
    const BlobLookup find = [this](const Digest& digest) { return std::optional(blobs_.at(digest)); };
    for (const Record& record : records_) {
      for (const RecordedEvent& each : record.events) {
        std::string text;
        JsonWriter writer(text);
        encode_event(writer, each);
        CanonicalReader reader(text);
        RecordedEvent read;
        if (decode_event(reader, read)) throw std::runtime_error("cannot be read: " + text);
        apply(state, read.event, RecordPlace{record.header.time, record.header.sequence, limits_, find});
      }
      const std::string nobody;
      const std::optional<Request> no_request;
      apply_end(state, RecordEnd{record.header, nobody, no_request, record.events, {}}, limits_);
    }
    return state;
  }

  void use_configuration(const RunbookConfiguration& runbooks) {
    Configuration configuration;
    configuration.runbooks = runbooks;
    AcceptConfig accept;
    Command command = engine_command(accept);
    command.blobs.push_back(canonical_text(configuration));
    std::get<AcceptConfig>(command.body).configuration = sha256(command.blobs.front());
    take(Instant{}, command);
  }

  // Memory is lost; what was recorded is read again. The next command has to begin an epoch.
  void lose_memory() { state_ = replayed(); seen_ = Seen{}; }

  static Command engine_command(CommandBody body) {
    return Command{std::move(body), engine_actor(), std::nullopt, std::nullopt, {}};
  }
  static Command person_command(const std::string& name, CommandBody body) {
    return Command{std::move(body), Actor{ActorKind::caller, name, {"operator", "approver"}}, std::nullopt, std::nullopt, {}};
  }

  // Whether the bytes of this digest were given to be stored.
  [[nodiscard]] bool has_blob(const Digest& digest) const { return blobs_.contains(digest); }
  [[nodiscard]] const State& state() const { return state_; }
  [[nodiscard]] State& state() { return state_; }
  [[nodiscard]] const std::optional<Refused>& refused() const { return refused_; }
  [[nodiscard]] const Limits& limits() const { return limits_; }

 private:
  struct Record {
    RecordHeader header;
    std::vector<RecordedEvent> events;
  };
  Limits limits_;
  State state_;
  Seen seen_;
  std::optional<Refused> refused_;
  std::vector<Record> records_;
  std::map<Digest, std::string> blobs_;
};

}  // namespace watchbill::core
