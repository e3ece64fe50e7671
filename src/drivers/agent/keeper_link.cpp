#include "drivers/agent/keeper_link.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/assert.h"

namespace watchbill::drivers::agent {

namespace wire = model::wire;

namespace {

constexpr Duration pause_first = Duration::milliseconds(50);
constexpr Duration pause_max = Duration::seconds(5);
constexpr Duration refused_pause = Duration::seconds(30);  // the keeper obeys another controller: a person must look

std::int64_t steady_ms() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

}  // namespace

KeeperLink::KeeperLink(ports::IoLoop& loop, Settings settings, Events events)
    : loop_(loop), settings_(std::move(settings)), events_(std::move(events)), start_(loop), pause_(pause_first) {}

KeeperLink::~KeeperLink() { close(); }

void KeeperLink::open(ControllerIdentity identity) {
  if (identity_ == identity) return;
  identity_ = std::move(identity);
  end_connection();
  pause_ = pause_first;
  if (!start_.is_running()) try_to_connect();
}

void KeeperLink::need() {
  if (is_needed_) return;
  is_needed_ = true;
  if (identity_ && !client_ && !start_.is_running()) try_to_connect();
}

void KeeperLink::close() {
  identity_.reset();
  drop_client();
}

void KeeperLink::drop_client() {
  if (timer_) loop_.cancel(*std::exchange(timer_, std::nullopt));
  if (client_) loop_.unwatch(client_->fd());
  client_.reset();
  answers_.clear();
  is_ready_ = false;
  watches_write_ = false;
  ++connection_count_;
}

void KeeperLink::try_to_connect() {
  if (timer_) loop_.cancel(*std::exchange(timer_, std::nullopt));
  if (!identity_ || client_) return;
  auto client = KeeperClient::connect(settings_.data);
  if (client) {
    client_.emplace(std::move(*client));
    return greet();
  }
  if (unreachable_since_ms_ == 0) unreachable_since_ms_ = steady_ms();
  const bool nobody_answers = client.error().kind == ErrorKind::not_found || client.error().kind == ErrorKind::interrupted;
  const bool may_start = nobody_answers && is_needed_ && !settings_.program.empty() &&
                         steady_ms() - unreachable_since_ms_ >= settings_.start_patience.ms;
  if (may_start) return start_keeper();
  try_again(pause_, client.error().text());
}

void KeeperLink::start_keeper() {
  start_.begin(settings_.program, settings_.data, [this](const Status& started) {
    if (!identity_) return;
    if (started) try_again(Duration{}, {});
    else try_again(pause_max, started.error().text());
  });
}

void KeeperLink::greet() {
  const std::uint64_t connection = connection_count_;
  const auto ready = [this, connection](ports::Readiness readiness) {
    if (connection == connection_count_) serve(readiness);
  };
  if (const Status watched = loop_.watch(client_->fd(), {true, false}, ready); !watched) return lose(watched.error().text());
  wire::Hello hello;
  hello.lineage = identity_->lineage;
  hello.epoch = identity_->epoch;
  hello.sequence = identity_->sequence;
  const auto number = client_->ask(hello);
  if (!number) return lose(number.error().text());
  hello_number_ = *number;
  flush();
}

void KeeperLink::serve(ports::Readiness readiness) {
  if (readiness.writable) flush();
  if (!readiness.readable || !client_) return;
  const std::uint64_t connection = connection_count_;
  const Status read = client_->read_some([this, connection](const wire::Frame& frame) {
    if (connection == connection_count_) take_frame(frame);
  });
  if (!read && connection == connection_count_) lose(read.error().text());
}

void KeeperLink::take_frame(const wire::Frame& frame) {
  if (!is_ready_) {
    if (frame.number == hello_number_) take_hello(frame);
    return;
  }
  const bool is_answer = frame.type >= wire::MessageType::welcome && frame.type <= wire::MessageType::snapshot_end;
  if (!is_answer) return events_.reported(frame);
  const auto asked = answers_.find(frame.number);
  if (asked == answers_.end()) return;
  if (frame.type == wire::MessageType::workload_state) {
    const Answer answer = asked->second;
    return answer(Outcome::answered, frame);
  }
  const Answer answer = std::move(asked->second);
  answers_.erase(asked);
  wire::Refused refused;
  const bool is_superseded = frame.type == wire::MessageType::refused && wire::read_message(frame.body, refused) &&
                             refused.reason == wire::Refusal::stale_epoch;
  // A controller of a higher epoch has taken over: nothing of ours is heard any more.
  if (is_superseded) fail_soon("stale_epoch: the keeper obeys a controller of a higher epoch");
  else answer(Outcome::answered, frame);
}

void KeeperLink::take_hello(const wire::Frame& frame) {
  wire::Welcome welcome;
  if (frame.type == wire::MessageType::welcome && wire::read_message(frame.body, welcome)) {
    keeper_ = {std::string(welcome.memory), std::string(welcome.boot_id), welcome.pid, welcome.replaced_count,
               welcome.shares_cgroup};
    is_ready_ = true;
    problem_.clear();
    logged_problem_.clear();
    pause_ = pause_first;
    unreachable_since_ms_ = 0;
    return events_.ready();
  }
  wire::Refused refused;
  const bool is_refused = frame.type == wire::MessageType::refused && wire::read_message(frame.body, refused);
  pause_ = refused_pause;
  fail_soon(is_refused ? "it refused us: " + std::string(word(refused.reason)) + " " + std::string(refused.detail)
                       : "it answered hello with something else");
}

void KeeperLink::take_question(Result<std::uint64_t> number, Answer answer) {
  if (number) {
    answers_.emplace(*number, std::move(answer));
    return flush();
  }
  const Outcome outcome = number.error().kind == ErrorKind::exhausted ? Outcome::busy : Outcome::too_large;
  loop_.post([this, outcome, answer = std::move(answer)] {
    if (identity_) answer(outcome, {});
  });
}

void KeeperLink::flush() {
  if (!client_) return;
  if (const Status written = client_->write_some(); !written) return fail_soon(written.error().text());
  if (client_->wants_write() == watches_write_) return;
  watches_write_ = client_->wants_write();
  const std::uint64_t connection = connection_count_;
  const Status watched = loop_.watch(client_->fd(), {true, watches_write_}, [this, connection](ports::Readiness readiness) {
    if (connection == connection_count_) serve(readiness);
  });
  if (!watched) fail_soon(watched.error().text());
}

// The client may be in the middle of a call: it is taken down when that has returned.
void KeeperLink::fail_soon(std::string problem) {
  loop_.post([this, connection = connection_count_, problem = std::move(problem)]() mutable {
    if (connection == connection_count_) lose(std::move(problem));
  });
}

void KeeperLink::lose(std::string problem) {
  end_connection();
  try_again(pause_, std::move(problem));
}

void KeeperLink::end_connection() {
  const bool was_ready = is_ready_;
  const std::map<std::uint64_t, Answer> unanswered = std::move(answers_);
  drop_client();
  if (was_ready) events_.lost();
  for (const auto& [number, answer] : unanswered) answer(Outcome::lost, {});
}

void KeeperLink::try_again(Duration pause, std::string problem) {
  problem_ = std::move(problem);
  if (is_needed_ && !problem_.empty() && problem_ != logged_problem_) {
    logged_problem_ = problem_;
    events_.log("the keeper of " + settings_.data + " cannot be asked: " + problem_ + ". What runs goes on; trying again.");
  }
  if (timer_) loop_.cancel(*timer_);
  timer_ = loop_.after(pause, [this] {
    timer_.reset();
    try_to_connect();
  });
  pause_ = std::clamp(pause_ * 2, pause_first, pause_max);
}

}  // namespace watchbill::drivers::agent
