#include "engine/engine.h"

#include <algorithm>
#include <iterator>

#include "base/assert.h"
#include "core/decide.h"

namespace watchbill::engine {
namespace {

constexpr Duration write_retry_pause = Duration::seconds(1);
constexpr Duration reserve_retry_pause = Duration::seconds(10);

}  // namespace

Engine::Engine(EnginePorts ports, Recovered recovered, const Limits& limits)
    : ports_(std::move(ports)),
      limits_(limits),
      stored_blobs_(blobs_of(ports_.journal)),
      state_(std::move(recovered.state)),
      head_(recovered.head),
      inbox_(limits),
      segment_bytes_(recovered.segment_bytes),
      segment_since_(recovered.segment_since) {
  // The process before ended while the disk was full: only when there is room again does ordinary writing go on.
  if (!state_.progress.read_only) return;
  write_mode_ = WriteMode::outcomes_and_people;
  read_only_reason_ = "the disk was full when the process before this one ended";
}

void Engine::begin_epoch(std::string build, Duration clock_ahead) {
  if (state_.progress.lineage.empty()) {
    StartLineage lineage;
    lineage.lineage = Lineage{ports_.entropy.hex32()};
    first_commands_.push_back(Command{lineage, engine_actor(), std::nullopt, std::nullopt, {}});
  }
  StartEpoch epoch;
  epoch.build = std::move(build);
  epoch.clock_ahead = clock_ahead;
  epoch.state_format = core::state_format;
  first_commands_.push_back(Command{epoch, engine_actor(), std::nullopt, std::nullopt, {}});
}

void Engine::begin_restored_lineage() {
  StartLineage lineage;
  lineage.lineage = Lineage{ports_.entropy.hex32()};
  lineage.restored_from = state_.progress.lineage;
  first_commands_.push_back(Command{lineage, engine_actor(), std::nullopt, std::nullopt, {}});
}

StepResult Engine::step(Instant now) {
  StepResult result;
  if (now < head_.time) now = head_.time;  // records never go back in time
  if (write_mode_ != WriteMode::normal && now >= next_write_attempt_) try_to_write_again(now, result);
  if (write_mode_ == WriteMode::normal && lacks_reserve_ && now >= next_write_attempt_) {
    lacks_reserve_ = ports_.journal.keep_ballast(true) != ports::Room::reserve;
    next_write_attempt_ = now + reserve_retry_pause;
  }
  if (result.has_failed) return result;
  Batch batch = new_batch();
  take_turn(batch, now);
  result.commands += batch.commands;
  if (!commit(batch, now, result)) return result;
  release_effects(now);
  return result;
}

Engine::Batch Engine::new_batch() const {
  Batch batch;
  batch.head = head_;
  batch.segment = state_.progress.segment;
  return batch;
}

bool Engine::is_full(const Batch& batch) const noexcept {
  return batch.commands >= limits_.batch_commands_max || batch.bytes >= limits_.batch_bytes_max || batch.is_sealed;
}

// The order within a batch: what begins the epoch, reactions that were left, outcomes, people, deadlines, answers, ingest.
void Engine::take_turn(Batch& batch, Instant now) {
  if (write_mode_ == WriteMode::nothing) {
    refuse_waiting(Lane::outcomes, Lane::ingest);
    return;
  }
  if (write_mode_ == WriteMode::outcomes_and_people) refuse_waiting(Lane::answers, Lane::ingest);
  for (Command& command : first_commands_) process(batch, Envelope{command, {}}, now);
  process_pending(batch, now);
  seal_if_full(batch, now);
  if (is_full(batch)) return;
  take_from_inbox(batch, now);
  const auto process_lanes_to = [&](Lane last) {
    while (!carried_.empty() && !is_full(batch) && lane_of(carried_.front().command.body) <= last) {
      Envelope envelope = std::move(carried_.front());
      carried_.pop_front();
      process(batch, std::move(envelope), now);
    }
  };
  process_lanes_to(Lane::people);
  if (write_mode_ == WriteMode::normal) process_deadlines(batch, now);
  process_lanes_to(Lane::ingest);
}

// Leaves room for the deadlines that are due, so that every lane in use has its turn in each batch. While ordinary commands are
// carried over from a batch that was full by bytes, only outcomes and people are let in, before them.
void Engine::take_from_inbox(Batch& batch, Instant now) {
  std::size_t used = batch.commands;
  state_.schedule.deadlines.each_due(now, [&](Instant, const Subject&) {
    return ++used < batch.commands + limits_.deadlines_per_batch_max;
  });
  const std::size_t room = std::max(limits_.batch_commands_max, used + lane_count) - used;
  const bool carries = !carried_.empty();
  if (carries && lane_of(carried_.front().command.body) <= Lane::people) return;
  std::vector<Envelope> taken = inbox_.take(Lane::outcomes, carries ? Lane::people : Lane::ingest, room);
  carried_.insert(carried_.begin(), std::make_move_iterator(taken.begin()), std::make_move_iterator(taken.end()));
}

void Engine::process(Batch& batch, Envelope envelope, Instant now) {
  ++batch.commands;
  // The digest of the state before this record, where this record carries one.
  std::optional<Digest> state;
  if ((batch.head.sequence + 1) % limits_.digest_every_records == 0) state = core::digest_of(state_);
  core::Processed processed = core::process(state_, seen_, envelope.command, {now, limits_, core::reactions(), stored_blobs_});
  Held held{std::move(envelope.reply), processed.answer, core::outcome_subject(envelope.command.body)};
  // Only what changed something ends an attempt, or what is owed no more: a late second report of an earlier attempt does
  // neither.
  const auto seat = held.ended ? in_flight_.find(*held.ended) : in_flight_.end();
  const bool is_seated = seat != in_flight_.end();
  if (is_seated && processed.events.empty() && is_ready(seat->first, seat->second)) held.ended.reset();
  if (!processed.events.empty()) record(batch, envelope.command, processed, state, now);
  batch.held.push_back(std::move(held));
}

void Engine::process_pending(Batch& batch, Instant now) {
  // Each record holds the whole list after it, so a reaction that was left is taken off by the record it causes.
  for (std::size_t left = state_.pending_reactions.size(); left > 0 && !is_full(batch); --left) {
    const Command command = state_.pending_reactions.front();
    std::vector<Command> rest(state_.pending_reactions.begin() + 1, state_.pending_reactions.end());
    core::Processed processed = core::process(state_, seen_, command, {now, limits_, core::reactions(), stored_blobs_});
    rest.insert(rest.end(), processed.pending.begin(), processed.pending.end());
    WB_ASSERT(rest.size() <= limits_.pending_reactions_max, "areas react to reactions in bounded chains");
    processed.pending = std::move(rest);
    ++batch.commands;
    record(batch, command, processed, std::nullopt, now);
  }
}

void Engine::process_deadlines(Batch& batch, Instant now) {
  for (std::size_t count = 0; count < limits_.deadlines_per_batch_max && !batch.is_sealed; ++count) {
    std::optional<std::pair<Instant, Subject>> due;
    state_.schedule.deadlines.each_due(now, [&](Instant at, const Subject& subject) {
      due.emplace(at, subject);
      return false;
    });
    if (!due) return;
    const Sequence before = batch.head.sequence;
    process(
        batch,
        Envelope{Command{core::deadline_command(seen_, due->second, due->first), engine_actor(), std::nullopt, std::nullopt, {}},
                 {}},
        now);
    WB_ASSERT(batch.head.sequence > before, "a deadline that is met becomes an event, or it would be met for ever");
  }
}

void Engine::seal_if_full(Batch& batch, Instant now) {
  const bool is_over = segment_bytes_ >= limits_.segment_bytes_max ||
                       (segment_bytes_ > 0 && now - segment_since_ >= limits_.segment_age_max);
  if (!is_over || write_mode_ != WriteMode::normal) return;
  process(batch,
          Envelope{Command{SealSegment{batch.head.hash, batch.segment}, engine_actor(), std::nullopt, std::nullopt, {}}, {}},
          now);
  // One transaction writes to one segment: the batch ends here.
  batch.is_sealed = true;
}

void Engine::record(Batch& batch, const Command& cause, core::Processed& processed, std::optional<Digest> state, Instant now) {
  RecordBody body;
  body.nonce = ports_.entropy.hex32();
  body.cause = cause;
  body.events = std::move(processed.events);
  body.pending = std::move(processed.pending);
  body.state = state;
  StoredRecord stored;
  stored.sequence = batch.head.sequence + 1;
  stored.payload = encode_payload(body);
  WB_ASSERT(stored.payload->size() <= limits_.record_payload_bytes_max, "commands and events are bounded, so is a record");
  RecordHeader header{stored.sequence, now, state_.progress.epoch, batch.segment, sha256(*stored.payload), batch.head.hash};
  stored.header = encode_header(header);
  core::apply_end(state_, core::RecordEnd{header, cause.actor.name, cause.request, body.events, body.pending}, limits_);
  for (const std::string& bytes : body.cause.blobs) batch.blobs.push_back(Blob{sha256(bytes), bytes});
  for (std::string& bytes : processed.blobs) {
    const Digest digest = sha256(bytes);
    batch.blobs.push_back(Blob{digest, std::move(bytes)});
  }
  for (const Command& left : body.pending)
    for (const std::string& bytes : left.blobs) batch.blobs.push_back(Blob{sha256(bytes), bytes});
  batch.head = ChainHead{stored.sequence, stored.hash(), now, header.epoch, header.segment};
  batch.bytes += stored.header.size() + stored.payload->size();
  batch.records.push_back(std::move(stored));
}

// Appends the batch, and moves on when it is durable. False otherwise: `result` says when the process must end, else the store
// refused for certain and nothing was written.
bool Engine::append(Batch& batch, Instant now, StepResult& result) {
  if (batch.records.empty()) return true;
  std::string detail;
  switch (ports_.journal.append(batch.records, batch.blobs, detail)) {
    case ports::AppendOutcome::durable:
      break;
    case ports::AppendOutcome::unknown:
      result.has_failed = true;
      result.failure = std::move(detail);
      return false;
    case ports::AppendOutcome::refused_full:
    case ports::AppendOutcome::refused_read_only:
      read_only_reason_ = std::move(detail);
      return false;
  }
  const bool is_first_of_segment = segment_bytes_ == 0;
  head_ = batch.head;
  first_commands_.clear();
  segment_bytes_ += batch.bytes;
  if (is_first_of_segment) segment_since_ = now;
  if (batch.is_sealed) segment_bytes_ = 0;
  for (Blob& blob : batch.blobs) recent_.add(blob.digest, std::move(blob.bytes));
  if (ports_.on_durable) ports_.on_durable(batch.records);
  return true;
}

bool Engine::commit(Batch& batch, Instant now, StepResult& result) {
  if (append(batch, now, result)) {
    release(batch);
    return true;
  }
  if (result.has_failed) return false;
  if (write_mode_ == WriteMode::normal) read_only_since_ = now;
  write_mode_ = WriteMode::nothing;
  // The reserve makes room for reading the journal anew and for at least the record that says so: try at once.
  next_write_attempt_ = now;
  static_cast<void>(ports_.journal.keep_ballast(false));
  if (const std::optional<RecoveryFailure> failure = rebuild_from_journal()) {
    result.has_failed = true;
    result.failure = failure->text();
    return false;
  }
  refuse(batch, Refusal::journal_full, read_only_reason_);
  return true;
}

void Engine::release(Batch& batch) {
  for (Held& held : batch.held) {
    if (held.ended) in_flight_.erase(*held.ended);
    if (held.reply) held.reply(held.answer);
  }
}

// The outcome of an effect stays in flight: its driver keeps it and delivers it again.
void Engine::refuse(Batch& batch, Refusal reason, const std::string& message) {
  for (Held& held : batch.held) {
    // A replayed answer is in the journal already: it stays true.
    if (!held.answer.is_replayed) held.answer = core::Answer{0, Refused{reason, message}, {}, false};
    if (held.reply) held.reply(held.answer);
  }
}

// Each area has seats of its own, and each channel of messages: a keeper that does not answer must not keep messages from
// leaving, nor a channel that hangs those of others.
std::size_t Engine::free_seats(const Queue& queue) const noexcept {
  std::size_t seats = limits_.deliveries_in_flight_max;
  if (queue.area == Area::plan) seats = limits_.run_effects_in_flight_max;
  if (queue.area == Area::workload) seats = limits_.orders_in_flight_max;
  const auto taken = std::count_if(in_flight_.begin(), in_flight_.end(), [&](const auto& each) { return each.second == queue; });
  return seats - std::min(seats, static_cast<std::size_t>(taken));
}

std::map<std::string, std::size_t> Engine::acting_on_hosts() const {
  std::map<std::string, std::size_t> acting;
  for (const auto& [subject, queue] : in_flight_)
    if (const auto host = core::acting_host(state_, subject)) ++acting[*host];
  return acting;
}

bool Engine::is_ready(const Subject& subject, const Queue& queue) const {
  return state_.schedule.ready.contains(subject, queue.name);
}

void Engine::release_effects(Instant now) {
  if (write_mode_ == WriteMode::nothing) return;
  // An effect of a run ends with what it was for: a step that went on without it, a run that is over.
  std::erase_if(in_flight_,
                [this](const auto& each) { return each.first.owner == Area::plan && !is_ready(each.first, each.second); });
  std::map<std::string, std::size_t> acting = acting_on_hosts();
  for (const auto& [queue, index] : state_.schedule.ready.queues()) {
    std::size_t left = index.next() <= now ? free_seats(queue) : 0;
    if (left == 0) continue;
    index.each_due(now, [&, &queue = queue](Instant, const Subject& subject) {
      if (in_flight_.contains(subject)) return true;
      if (const auto host = core::acting_host(state_, subject)) {
        if (acting[*host] >= limits_.host_effects_in_flight_max) return true;
        ++acting[*host];
      }
      in_flight_.emplace(subject, queue);
      begin(core::effect_of(state_, subject));
      return --left > 0;
    });
  }
}

// With the message's bytes where they were written a moment ago.
void Engine::begin(Effect effect) {
  if (auto* message = std::get_if<SendMessage>(&effect.what)) message->bytes = recent_.find(message->body);
  ports_.effects.begin(effect, state_.progress.epoch);
}

// Memory is ahead of the disk: what was refused must be forgotten, and only the journal knows what that leaves.
std::optional<RecoveryFailure> Engine::rebuild_from_journal() {
  Result<Recovered, RecoveryFailure> recovered = recover(ports_.journal, limits_);
  if (!recovered) return recovered.error();
  state_ = std::move(recovered->state);
  head_ = recovered->head;
  return std::nullopt;
}

// The records of `command`, behind those that begin the epoch when they are not durable yet.
Engine::Batch Engine::batch_of(const CommandBody& command, Instant now) {
  Batch batch = new_batch();
  for (const Command& first : first_commands_) process(batch, Envelope{first, {}}, now);
  process(batch, Envelope{Command{command, engine_actor(), std::nullopt, std::nullopt, {}}, {}}, now);
  return batch;
}

void Engine::try_to_write_again(Instant now, StepResult& result) {
  next_write_attempt_ = now + write_retry_pause;
  if (write_mode_ == WriteMode::nothing) {
    static_cast<void>(ports_.journal.keep_ballast(false));
    // Nothing else is decided meanwhile, so the same bytes are offered until they are taken: memory is ahead by them alone.
    if (!refused_batch_) refused_batch_ = batch_of(NoteReadOnly{read_only_reason_, read_only_since_}, now);
    if (!append(*refused_batch_, now, result)) return;
    refused_batch_.reset();
    write_mode_ = WriteMode::outcomes_and_people;
  }
  // The reserve is made anew when there is room for it and as much again. On a disk that never has so much ordinary writing goes
  // on without it.
  const ports::Room room = ports_.journal.keep_ballast(true);
  if (room == ports::Room::none) return;
  lacks_reserve_ = room == ports::Room::ordinary;
  Batch batch = batch_of(NoteWritable{}, now);
  if (commit(batch, now, result) && write_mode_ == WriteMode::outcomes_and_people) write_mode_ = WriteMode::normal;
  else next_write_attempt_ = now + write_retry_pause;
}

void Engine::refuse_waiting(Lane from, Lane to) {
  std::vector<Envelope> waiting = inbox_.take(from, to, ~std::size_t{0});
  // What was carried over stands in lane order: its end may be refused, its beginning still be served.
  for (; !carried_.empty() && lane_of(carried_.back().command.body) >= from; carried_.pop_back())
    waiting.push_back(std::move(carried_.back()));
  for (Envelope& envelope : waiting)
    if (envelope.reply) envelope.reply(core::Answer{0, Refused{Refusal::journal_full, read_only_reason_}, {}, false});
}

Instant Engine::next_due() const {
  if (write_mode_ == WriteMode::nothing) return next_write_attempt_;
  if (!first_commands_.empty() || !carried_.empty() || !state_.pending_reactions.empty()) return Instant{};
  Instant due = write_mode_ == WriteMode::normal ? state_.schedule.deadlines.next() : next_write_attempt_;
  const std::map<std::string, std::size_t> acting = acting_on_hosts();
  for (const auto& [queue, index] : state_.schedule.ready.queues()) {
    if (index.next() >= due || free_seats(queue) == 0) continue;  // only an outcome frees one
    index.each_due(Instant::never(), [&](Instant at, const Subject& subject) {
      if (at >= due) return false;
      if (in_flight_.contains(subject)) return true;
      const auto host = core::acting_host(state_, subject);
      const auto busy = host ? acting.find(*host) : acting.end();
      if (busy != acting.end() && busy->second >= limits_.host_effects_in_flight_max) return true;
      due = at;
      return false;
    });
  }
  return due;
}

}  // namespace watchbill::engine
