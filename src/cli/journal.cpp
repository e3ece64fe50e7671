#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "cli/record_text.h"
#include "cli/verbs.h"
#include "engine/engine.h"
#include "engine/recovery.h"

namespace watchbill::cli {
namespace {

constexpr Duration follow_pause = Duration::milliseconds(200);
constexpr std::size_t copy_batch_records = 1000;
constexpr std::string_view not_an_event_time = "erased";

bool is_wanted(const EventLine& line, const JournalArguments& arguments) {
  return (arguments.type.empty() || line.type == arguments.type) && (arguments.area.empty() || line.area == arguments.area);
}

std::string reference_text(const EventReference& reference) {
  return std::to_string(reference.sequence) + "." + std::to_string(reference.index);
}

// Prints the events of one record; false when it cannot be read (`failure`) or nobody reads the output.
bool print_record(Terminal& terminal, const StoredRecord& record, const JournalArguments& arguments,
                  std::optional<Error>& failure) {
  const auto lines = event_lines(record);
  if (!lines) {
    failure = lines.error();
    return false;
  }
  if (!record.payload) return terminal.print(std::to_string(record.sequence) + "  " + std::string(not_an_event_time));
  for (const EventLine& line : *lines) {
    if (!is_wanted(line, arguments)) continue;
    const bool is_read = terminal.format() == Format::json
                             ? terminal.print(event_json(record, line.reference.index))
                             : terminal.print(reference_text(line.reference) + "  " + format_rfc3339(line.time) + "  " +
                                              line.type + "  " + line.fields);
    if (!is_read) return false;
  }
  return true;
}

// Walks the records from arguments.since and prints them. Gives the exit code, and in `next` the record after the last one seen.
ExitCode print_from(Terminal& terminal, ports::JournalPort& journal, const JournalArguments& arguments, Sequence& next) {
  std::optional<Error> failure;
  bool is_read = true;
  const Status walked = journal.read(next, ~Sequence{0}, [&](const StoredRecord& record) {
    is_read = print_record(terminal, record, arguments, failure);
    next = record.sequence + 1;
    return is_read;
  });
  if (failure) return terminal.fail(*failure);
  if (!walked) return terminal.fail(walked.error());
  return is_read ? ExitCode::done : ExitCode::negative;
}

ExitCode refuse_recovery(Terminal& terminal, const engine::RecoveryFailure& failure) {
  terminal.complain(failure.text());
  switch (failure.fault) {
    case engine::RecoveryFault::chain_broken: case engine::RecoveryFault::journal_newer: return ExitCode::evidence_invalid;
    case engine::RecoveryFault::digest_differs: case engine::RecoveryFault::store_failed: return ExitCode::internal;
  }
  return ExitCode::internal;
}

// Digests in a payload: every string of 64 hex digits. Some name blobs, others do not; the store knows.
std::vector<Digest> digests_in(std::string_view payload) {
  std::vector<Digest> found;
  std::size_t run = 0;
  for (std::size_t i = 0; i <= payload.size(); ++i) {
    const char c = i < payload.size() ? payload[i] : '\0';
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) {
      ++run;
      continue;
    }
    Digest digest;
    if (run == Digest::hex_size && digest.assign_hex(payload.substr(i - run, run))) found.push_back(digest);
    run = 0;
  }
  return found;
}

// Calls visit(blob) for each blob that a record is the first to name.
template <class Visit>
Status new_blobs(ports::JournalPort& journal, const StoredRecord& record, std::set<Digest>& known, Visit&& visit) {
  if (!record.payload) return {};
  for (const Digest& digest : digests_in(*record.payload)) {
    if (known.contains(digest)) continue;
    Result<std::optional<std::string>> bytes = journal.blob(digest);
    if (!bytes) return bytes.error();
    if (!*bytes) continue;
    known.insert(digest);
    visit(Blob{digest, std::move(**bytes)});
  }
  return {};
}

// Copies every record and blob of `from` to the empty `to`, verifying the chain on the way.
Result<ChainHead> copy_journal(ports::JournalPort& from, ports::JournalPort& to) {
  ChainHead head;
  std::optional<Error> failure;
  std::vector<StoredRecord> records;
  std::vector<Blob> blobs;
  std::set<Digest> known;
  const auto flush = [&] {
    std::string detail;
    if (!records.empty() && to.append(records, blobs, detail) != ports::AppendOutcome::durable)
      failure = Error{ErrorKind::exhausted, "write the copy", "", detail};
    records.clear();
    blobs.clear();
    return !failure;
  };
  const Status walked = from.read(1, ~Sequence{0}, [&](const StoredRecord& record) {
    const Result<ChainHead, ChainFailure> next = continue_chain(head, record);
    if (!next) {
      failure = Error{ErrorKind::corrupt, "read record", std::to_string(next.error().sequence), next.error().what};
      return false;
    }
    // One transaction writes to one segment.
    if (next->segment != head.segment && !flush()) return false;
    head = *next;
    if (Status found = new_blobs(from, record, known, [&](Blob blob) { blobs.push_back(std::move(blob)); }); !found)
      failure = found.error();
    records.push_back(record);
    return !failure && (records.size() < copy_batch_records || flush());
  });
  if (failure) return *failure;
  if (!walked) return walked.error();
  if (!flush()) return *failure;
  return head;
}

}  // namespace

ExitCode journal_list(Terminal& terminal, World& world, const JournalArguments& arguments) {
  auto journal = world.read_journal(arguments.data);
  if (!journal) return terminal.fail(journal.error());
  Sequence next = arguments.since;
  return print_from(terminal, **journal, arguments, next);
}

ExitCode journal_follow(Terminal& terminal, World& world, const JournalArguments& arguments) {
  Sequence next = arguments.since;
  do {
    // Opened anew for each look: segments come while we watch.
    auto journal = world.read_journal(arguments.data);
    if (!journal) return terminal.fail(journal.error());
    if (const ExitCode code = print_from(terminal, **journal, arguments, next); code != ExitCode::done) return code;
  } while (terminal.flush() && world.pause(follow_pause));
  return ExitCode::done;
}

ExitCode journal_export(Terminal& terminal, World& world, const JournalArguments& arguments) {
  auto journal = world.read_journal(arguments.data);
  if (!journal) return terminal.fail(journal.error());
  std::set<Digest> known;
  std::optional<Error> failure;
  const Status walked = (*journal)->read(arguments.since, ~Sequence{0}, [&](const StoredRecord& record) {
    const Status found = new_blobs(**journal, record, known, [&](const Blob& blob) {
      std::string line;
      JsonWriter(line)
          .begin_object()
          .key("base64")
          .string(to_base64(blob.bytes))
          .key("blob")
          .string(blob.digest.hex())
          .end_object();
      terminal.print(line);
    });
    if (!found) failure = found.error();
    std::string line;
    JsonWriter writer(line);
    writer.begin_object().key("header").string(record.header);
    if (record.payload) writer.key("payload").string(*record.payload);
    writer.end_object();
    return terminal.print(line) && !failure;
  });
  if (failure) return terminal.fail(*failure);
  return walked ? ExitCode::done : terminal.fail(walked.error());
}

ExitCode journal_backup(Terminal& terminal, World& world, const std::string& data, const std::string& target) {
  auto from = world.read_journal(data);
  if (!from) return terminal.fail(from.error());
  auto to = world.write_journal(target);
  if (!to) return terminal.fail(to.error());
  const Result<ports::JournalEnd> end = (*to)->end();
  if (!end) return terminal.fail(end.error());
  if (end->head.sequence != 0)
    return terminal.fail(Error{ErrorKind::invalid, "back up to", target, "there is a journal already; name an empty directory"});
  const Result<ChainHead> head = copy_journal(**from, **to);
  if (!head) return terminal.fail(head.error());
  terminal.print("backed up " + std::to_string(head->sequence) + " records to " + target + ", head " + head->hash.hex());
  return ExitCode::done;
}

namespace {

class NoEffects final : public ports::EffectPort {
 public:
  void begin(const Effect&, Epoch) override {}
};

}  // namespace

ExitCode journal_restore(Terminal& terminal, World& world, const std::string& data, const std::string& source) {
  auto from = world.read_journal(source);
  if (!from) return terminal.fail(from.error());
  auto to = world.write_journal(data);
  if (!to) return terminal.fail(to.error());
  const Result<ports::JournalEnd> end = (*to)->end();
  if (!end) return terminal.fail(end.error());
  if (end->head.sequence != 0)
    return terminal.fail(Error{ErrorKind::invalid, "restore into", data,
                               "there is a journal with " + std::to_string(end->head.sequence) + " records; move it away first"});
  if (const Result<ChainHead> copied = copy_journal(**from, **to); !copied) return terminal.fail(copied.error());
  const Limits limits;
  Result<engine::Recovered, engine::RecoveryFailure> recovered =
      engine::recover(**to, limits, {.use_snapshot = false, .reading = engine::Reading::ahead});
  if (!recovered) return refuse_recovery(terminal, recovered.error());
  NoEffects effects;
  const Instant last = recovered->head.time;
  engine::Engine engine(engine::EnginePorts{**to, effects, world.entropy, {}}, std::move(*recovered), limits);
  engine.begin_restored_lineage();
  const engine::StepResult step = engine.step(std::max(world.clock.now().wall, last));
  if (step.has_failed) return terminal.fail(Error{ErrorKind::unknown, "write the new lineage to", data, step.failure});
  terminal.print("restored " + std::to_string(engine.head().sequence) + " records into " + data + ", lineage " +
                 engine.state().progress.lineage.text);
  return ExitCode::done;
}

namespace {

// The headers that a witness outside has kept; the hash of a header names everything before it.
Result<std::vector<RecordHeader>> read_witnesses(const std::string& path) {
  std::vector<RecordHeader> witnesses;
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return Error::from_errno(errno, "open", path);
  std::array<char, 512> line{};
  while (std::fgets(line.data(), line.size(), file) != nullptr) {
    const std::optional<RecordHeader> header = decode_header(line.data());
    if (!header) {
      std::fclose(file);
      return Error{ErrorKind::invalid, "read the witness", path, "expected one record header on each line"};
    }
    witnesses.push_back(*header);
  }
  std::fclose(file);
  return witnesses;
}

}  // namespace

ExitCode verify(Terminal& terminal, World& world, const VerifyArguments& arguments) {
  std::vector<RecordHeader> witnesses;
  if (!arguments.trust_file.empty()) {
    Result<std::vector<RecordHeader>> read = read_witnesses(arguments.trust_file);
    if (!read) return terminal.fail(read.error());
    witnesses = std::move(*read);
  }
  auto journal = world.read_journal(arguments.data);
  if (!journal) return terminal.fail(journal.error());
  const Result<ChainHead, engine::RecoveryFailure> head = engine::verify_chain(**journal, witnesses);
  if (!head) {
    if (terminal.format() == Format::json) {
      std::string line;
      JsonWriter(line).begin_object().key("first_bad_record").integer(static_cast<std::int64_t>(head.error().sequence))
          .key("verified").boolean(false).key("what").string(head.error().what).end_object();
      terminal.print(line);
    }
    return refuse_recovery(terminal, head.error());
  }
  if (terminal.format() == Format::json) {
    std::string line;
    JsonWriter(line)
        .begin_object()
        .key("head")
        .string(head->hash.hex())
        .key("records")
        .integer(static_cast<std::int64_t>(head->sequence))
        .key("verified")
        .boolean(true)
        .end_object();
    terminal.print(line);
  } else {
    terminal.print("verified " + std::to_string(head->sequence) + " records, head " + head->hash.hex());
  }
  return ExitCode::done;
}

ExitCode replay(Terminal& terminal, World& world, const ReplayArguments& arguments) {
  auto journal = world.read_journal(arguments.data);
  if (!journal) return terminal.fail(journal.error());
  const Limits limits;
  Result<engine::Recovered, engine::RecoveryFailure> applied =
      engine::recover(**journal, limits, {false, arguments.to, engine::Reading::ahead});
  if (!applied) {
    const ExitCode code = refuse_recovery(terminal, applied.error());
    return applied.error().fault == engine::RecoveryFault::digest_differs ? ExitCode::negative : code;
  }
  terminal.print("applied " + std::to_string(applied->events) + " events of " + std::to_string(applied->head.sequence) +
                 " records, " + std::to_string(applied->digests_compared) + " digests agree, state " +
                 core::digest_of(applied->state).hex());
  if (!arguments.decide) return ExitCode::done;
  constexpr std::size_t differences_max = 20;
  const auto again = engine::redecide(**journal, limits, differences_max);
  if (!again) return refuse_recovery(terminal, again.error());
  for (const auto& difference : again->differences)
    terminal.print("record " + std::to_string(difference.sequence) + " differs:\n  recorded " + difference.recorded +
                   "\n  decided  " + difference.decided);
  terminal.print("decided " + std::to_string(again->causes) + " causes again, " + std::to_string(again->differences.size()) +
                 " differ");
  return again->differences.empty() ? ExitCode::done : ExitCode::negative;
}

}  // namespace watchbill::cli
