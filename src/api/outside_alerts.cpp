#include "api/outside_alerts.h"

#include <algorithm>
#include <utility>

namespace watchbill::api {
namespace {

constexpr std::size_t command_bytes_max = std::size_t{1} << 20;
constexpr std::size_t remembered_of_piece = 256;  // a reader holds the follower's state for a moment only
// The engine clock may be set: what is due is looked for at least so often.
constexpr Duration look_interval_max = Duration::seconds(15);
constexpr Duration look_interval_min = Duration::milliseconds(10);

outside::DeskLimits desk_limits(const Limits& limits) {
  outside::DeskLimits out;
  out.alerts_max = limits.alerts_max;
  out.ended_age_max = limits.resolved_alert_age_max;
  return out;
}

bool is_same(const Actor& a, const Actor& b) { return a.kind == b.kind && a.name == b.name && a.roles == b.roles; }

std::size_t bytes_in(const OutsideAlert& alert) {
  std::size_t bytes = alert.generator_url.size();
  for (const auto& [name, value] : alert.labels) bytes += name.size() + value.size();
  for (const auto& [name, value] : alert.annotations) bytes += name.size() + value.size();
  return bytes;
}

OutsideAlert firing_alert(const core::alert::Alert& alert) {
  OutsideAlert out;
  out.annotations = alert.annotations;
  out.ends_at = alert.ends_at;
  out.generator_url = alert.generator_url;
  out.labels = alert.labels;
  out.starts_at = alert.active_at;
  return out;
}

}  // namespace

OutsideAlerts::OutsideAlerts(Links links) : links_(std::move(links)), desk_(desk_limits(links_.limits)) {}

void OutsideAlerts::start(Duration resolve_timeout) {
  resolve_timeout_ = resolve_timeout;
  const Instant now = links_.now();
  std::string next;
  for (bool is_more = true; is_more;) {
    is_more = false;
    std::vector<OutsideAlert> found;
    links_.follower.read([&](const core::State& state, const ChainHead&) {
      std::size_t visited = 0;
      state.alert.alerts.each_from(next, [&](const std::string& id, const core::alert::Alert& alert) {
        if (visited++ == remembered_of_piece) {
          next = id;
          is_more = true;
          return false;
        }
        if (alert.source == AlertSource::outside && alert.phase == AlertPhase::firing) found.push_back(firing_alert(alert));
        return true;
      });
    });
    const std::lock_guard lock(mutex_);
    for (const OutsideAlert& alert : found) desk_.remember(alert, now, resolve_timeout);
  }
  plan();
}

void OutsideAlerts::stop() {
  is_stopped_ = true;
  waiting_.clear();
  if (timer_) links_.loop.cancel(*std::exchange(timer_, std::nullopt));
}

bool OutsideAlerts::post(Post post) {
  if (is_stopped_ || waiting_.size() >= posts_max || (!waiting_.empty() && waiting_bytes_ + post.bytes > waiting_bytes_max))
    return false;
  waiting_bytes_ += post.bytes;
  waiting_.push_back(std::move(post));
  look();
  return true;
}

void OutsideAlerts::look() {
  while (!is_asking_ && !is_stopped_) {
    const auto round = std::make_shared<Round>();
    Actor actor = engine_actor("outside");
    std::vector<outside::AlertDesk::Change> changes;
    {
      const std::lock_guard lock(mutex_);
      const Instant now = links_.now();
      if (desk_.next_at() <= now) desk_.meet(now);
      changes = desk_.close_round(now);
      if (changes.empty()) {
        if (waiting_.empty()) break;
        take_posts(*round, actor);
        changes = desk_.close_round(now);
      }
    }
    send(round, std::move(changes), actor);
  }
  plan();
}

// As many as wait of one caller: its name stands in the record.
void OutsideAlerts::take_posts(Round& round, Actor& actor) {
  const Instant now = links_.now();
  actor = waiting_.front().actor;
  while (!waiting_.empty() && is_same(waiting_.front().actor, actor)) {
    Post& post = waiting_.front();
    outside::AlertDesk::Receipt receipt = desk_.post(std::move(post.alerts), now, resolve_timeout_);
    round.posts.push_back(
        {std::move(post.done), {std::move(receipt.faults), std::move(receipt.crowded), {}}, std::move(receipt.changes)});
    waiting_bytes_ -= post.bytes;
    waiting_.pop_front();
  }
}

void OutsideAlerts::send(const RoundPointer& round, std::vector<outside::AlertDesk::Change> changes, const Actor& actor) {
  is_asking_ = true;
  round->open_count = 1;  // this call
  // Ends first and by themselves: where there is no room for what begins, they are taken all the same.
  const auto is_end = [](const outside::AlertDesk::Change& change) { return change.alert.cause.has_value(); };
  std::stable_partition(changes.begin(), changes.end(), is_end);
  NoteAlerts command;
  std::vector<std::size_t> numbers;
  std::size_t bytes = 0;
  for (outside::AlertDesk::Change& change : changes) {
    const std::size_t more = bytes_in(change.alert);
    const bool is_full = numbers.size() == links_.limits.rule_answer_changes_max || bytes + more > command_bytes_max;
    if (!numbers.empty() && (is_full || is_end(change) != command.alerts.back().cause.has_value())) {
      offer(round, std::exchange(command, {}), std::exchange(numbers, {}), actor);
      bytes = 0;
    }
    bytes += more;
    numbers.push_back(change.number);
    command.alerts.push_back(std::move(change.alert));
  }
  if (!numbers.empty()) offer(round, std::move(command), std::move(numbers), actor);
  if (--round->open_count == 0) end(round);
}

void OutsideAlerts::offer(const RoundPointer& round, NoteAlerts command, std::vector<std::size_t> numbers, const Actor& actor) {
  ++round->open_count;
  const auto shared = std::make_shared<const std::vector<std::size_t>>(std::move(numbers));
  // Who is answered finds what he posted: as with every command, readers have it first.
  const std::optional<Refused> refused = links_.inbox.offer(
      Command{std::move(command), actor, std::nullopt, std::nullopt, {}}, [this, round, shared](const core::Answer& answer) {
        links_.follower.when_applied(answer.sequence, [this, round, shared, refused = answer.refused] {
          links_.loop.post([this, round, shared, refused] {
            settle(round, *shared, refused);
            look();
          });
        });
      });
  if (refused) settle(round, *shared, refused);
}

void OutsideAlerts::settle(const RoundPointer& round, const std::vector<std::size_t>& numbers,
                           const std::optional<Refused>& refused) {
  {
    const std::lock_guard lock(mutex_);
    const Instant now = links_.now();
    for (const std::size_t number : numbers) {
      desk_.settle(number, !refused, now);
      if (round->refused.size() <= number) round->refused.resize(number + 1);
      round->refused[number] = refused;
    }
  }
  if (--round->open_count == 0) end(round);
}

void OutsideAlerts::end(const RoundPointer& round) {
  is_asking_ = false;
  for (Asked& post : round->posts) {
    for (const std::size_t number : post.changes)
      if (number < round->refused.size() && round->refused[number] && !post.outcome.refused)
        post.outcome.refused = round->refused[number];
    post.done(post.outcome);
  }
}

void OutsideAlerts::plan() {
  if (is_stopped_ || is_asking_) return;
  Instant next;
  {
    const std::lock_guard lock(mutex_);
    next = desk_.next_at();
  }
  if (next == Instant::never()) return;
  const Instant now = links_.now();
  const Instant at = std::clamp(next, now + look_interval_min, now + look_interval_max);
  if (timer_ && timer_at_ <= at) return;
  if (timer_) links_.loop.cancel(*timer_);
  timer_at_ = at;
  timer_ = links_.loop.after(at - now, [this] {
    timer_.reset();
    look();
  });
}

std::optional<outside::Heard> OutsideAlerts::find(const Labels& labels) const {
  const std::lock_guard lock(mutex_);
  const outside::Heard* heard = desk_.find(labels);
  return heard == nullptr ? std::nullopt : std::optional<outside::Heard>(*heard);
}

}  // namespace watchbill::api
