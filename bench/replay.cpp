// depends: wb_sim
// How fast a journal is applied and decided again: what a start, a follower, `replay` and `replay --decide` cost. The journal is
// made by the real engine on a simulated disk: messages with their attempts, holds, refusals, request ids, archived objects, a
// digest of the whole state every 4,096 records. Prints one JSON line for each figure.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <string>

#include "engine/engine.h"
#include "sim/disk.h"

namespace {

using namespace watchbill;

constexpr std::size_t record_count = 200'000;
constexpr int rounds = 3;  // the best counts

void print_line(const char* name, const char* unit, double value) {
  std::printf("{\"bench\":\"replay\",\"name\":\"%s\",\"unit\":\"%s\",\"value\":%.1f}\n", name, unit, value);
}

// Seconds of processor time: all of this computes on one thread, and the machine may be shared.
template <class Work>
double seconds_once(const Work& work) {
  const std::clock_t begin = std::clock();
  work();
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

template <class Work>
double seconds_of(const Work& work) {
  double best = seconds_once(work);
  for (int i = 1; i < rounds; ++i) best = std::min(best, seconds_once(work));
  return best;
}

// Drivers that answer in the next turn: three attempts of ten fail.
class Receivers final : public ports::EffectPort {
 public:
  explicit Receivers(sim::Random random) : random_(random) {}
  void begin(const Effect& effect, Epoch) override {
    const SendMessage& message = std::get<SendMessage>(effect.what);
    NoteDelivery outcome;
    outcome.attempt = message.attempt;
    outcome.delivery = message.delivery;
    outcome.answer = random_.chance(30) ? DeliveryAnswer::retryable : DeliveryAnswer::accepted;
    outcome.detail = outcome.answer == DeliveryAnswer::accepted ? "http 200" : "http 503";
    outcomes_.push_back(outcome);
  }
  void report(engine::Inbox& inbox) {
    for (; !outcomes_.empty(); outcomes_.pop_front())
      if (inbox.offer(Command{outcomes_.front(), engine_actor("notify"), std::nullopt, std::nullopt, {}}, {})) return;
  }

 private:
  sim::Random random_;
  std::deque<NoteDelivery> outcomes_;
};

Command next_command(sim::Random& random, std::uint64_t number) {
  Command command;
  command.actor =
      Actor{ActorKind::caller, "person-" + std::to_string(random.below(12)) + "@example.org", {"operator", "approver"}};
  const std::uint64_t dice = random.below(100);
  if (dice < 70) {
    RequestNotification request;
    const std::string body = "message " + std::to_string(number);
    request.body = sha256(body);
    request.kind = random.chance(20) ? DeliveryKind::page : DeliveryKind::alert_group;
    request.receiver = "team-" + std::to_string(random.below(40)) + "/webhook";
    request.subject = "alert HighErrorRate, service checkout-" + std::to_string(random.below(200)) + ", severity critical";
    command.body = request;
    command.blobs.push_back(body);
  } else if (dice < 85) {
    SetHold hold;
    hold.reason = "looking at the error rate before anything else is rolled out here";
    hold.scope = "workload/checkout-" + std::to_string(random.below(200));
    command.body = hold;
  } else {
    ReleaseHold release;
    release.reason = "the error rate is back to what it was before";
    release.scope = "workload/checkout-" + std::to_string(random.below(200));
    command.body = release;
  }
  if (random.chance(50))
    command.request = Request{sha256(canonical_body(command.body)), "4f6b1c1e-6f0e-4c6e-9a43-" + std::to_string(number)};
  return command;
}

void write_journal(ports::JournalPort& journal, const Limits& limits) {
  sim::Random random(1);
  sim::SimulatedEntropy entropy(random.fork("entropy"));
  Receivers receivers(random.fork("receivers"));
  auto recovered = engine::recover(journal, limits);
  if (!recovered) std::abort();
  engine::Engine engine({journal, receivers, entropy, {}}, std::move(*recovered), limits);
  engine.begin_epoch("bench", Duration{});
  Instant now{1'772'366'400'000};
  std::uint64_t number = 0;
  while (engine.head().sequence < record_count) {
    for (int i = 0; i < 8; ++i) static_cast<void>(engine.inbox().offer(next_command(random, ++number), {}));
    receivers.report(engine.inbox());
    if (engine.step(now).has_failed) std::abort();
    now = now + Duration::seconds(80);  // some thousand messages are kept for a day
  }
}

}  // namespace

int main() {
  const Limits limits;
  sim::SimulatedDisk disk(sim::Random(2), sim::Plant::none);
  sim::SimulatedJournal journal(disk);
  const double made = seconds_once([&] { write_journal(journal, limits); });
  print_line("written", "records/s", static_cast<double>(disk.records().size()) / made);
  std::size_t bytes = 0;
  for (const StoredRecord& record : disk.records()) bytes += record.header.size() + record.payload->size();
  print_line("record", "bytes", static_cast<double>(bytes) / static_cast<double>(disk.records().size()));

  std::uint64_t events = 0, digests = 0;
  const double applied = seconds_of([&] {
    const auto recovered = engine::recover(journal, limits, engine::RecoverFrom{false});
    if (!recovered) std::abort();
    events = recovered->events;
    digests = recovered->digests_compared;
  });
  if (digests < record_count / limits.digest_every_records) return EXIT_FAILURE;
  print_line("applied", "events/s", static_cast<double>(events) / applied);
  // As a start and `replay` do it: a second thread reads ahead. In real time, which another program's load makes longer.
  double ahead = 0;
  for (int i = 0; i < rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto recovered = engine::recover(journal, limits, {.use_snapshot = false, .reading = engine::Reading::ahead});
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (!recovered || recovered->events != events) return EXIT_FAILURE;
    ahead = i == 0 ? seconds : std::min(ahead, seconds);
  }
  print_line("applied_ahead", "events/s of real time", static_cast<double>(events) / ahead);
  const double verified = seconds_of([&] {
    if (!engine::verify_chain(journal)) std::abort();
  });
  print_line("verified", "records/s", static_cast<double>(disk.records().size()) / verified);
  const double decided = seconds_of([&] {
    const auto again = engine::redecide(journal, limits, 1);
    if (!again || !again->differences.empty()) std::abort();
    events = again->events;
  });
  print_line("decided_again", "events/s", static_cast<double>(events) / decided);

  auto recovered = engine::recover(journal, limits, engine::RecoverFrom{false});
  if (!recovered) return EXIT_FAILURE;
  std::string text;
  const double written = seconds_of([&] { text.clear(), core::write_snapshot(recovered->state, text); });
  print_line("snapshot_written", "MB/s", static_cast<double>(text.size()) / written / 1e6);
  const double read = seconds_of([&] {
    if (!core::read_snapshot(text, limits)) std::abort();
  });
  print_line("snapshot_read", "MB/s", static_cast<double>(text.size()) / read / 1e6);
  return EXIT_SUCCESS;
}
