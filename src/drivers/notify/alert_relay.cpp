#include "drivers/notify/alert_relay.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/characters.h"
#include "base/json.h"

namespace watchbill::drivers::notify {
namespace {

constexpr Duration look_interval = Duration::milliseconds(250);
// So often alerts are read though none changed: for those to be told again.
constexpr Duration read_interval = Duration::seconds(15);
constexpr Duration pause_first = Duration::seconds(1);
constexpr Duration pause_max = Duration::seconds(30);

constexpr std::uint32_t bad_request = 400, timeout = 408, too_large = 413, unprocessable = 422, too_many = 429;
constexpr std::size_t answer_bytes_max = 64U << 10;

bool is_good(std::uint32_t status) noexcept { return status / 100 == 2; }
// Taken, or refused for what it is: telling it again at once would hold up the others.
bool is_final(std::uint32_t status) noexcept {
  return is_good(status) || (status / 100 == 4 && status != timeout && status != too_many);
}
// All other refusals are about us, or about where we ask: any alert would be refused.
bool is_about_alerts(std::uint32_t status) noexcept {
  return status == bad_request || status == too_large || status == unprocessable;
}

// For the log: an alert's labels may be a megabyte.
std::string short_text(const Labels& labels) {
  constexpr std::size_t bytes_max = 300;
  std::string text = labels.text();
  if (text.size() <= bytes_max) return text;
  return std::string(beginning_of(text, bytes_max)) + "…";
}

void write_alert(JsonWriter& out, const RelayedAlert& alert, Instant ends_at) {
  out.begin_object().key("labels").begin_object();
  for (const auto& [name, value] : alert.labels) out.key(name).string(value);
  out.end_object().key("annotations").begin_object();
  for (const auto& [name, value] : alert.annotations) out.key(name).string(value);
  out.end_object();
  out.key("startsAt").string(format_rfc3339(alert.starts_at)).key("endsAt").string(format_rfc3339(ends_at));
  out.key("generatorURL").string(alert.generator_url).end_object();
}

}  // namespace

AlertRelay::~AlertRelay() { *is_alive_ = false; }

void AlertRelay::configure(std::vector<Alertmanager> alertmanagers, Duration interval_max) {
  validity_ = std::max(resend_delay, interval_max) * 4;
  std::vector<std::shared_ptr<Peer>> next;
  for (Alertmanager& each : alertmanagers) {
    const auto former = std::find_if(peers_.begin(), peers_.end(), [&](const auto& peer) { return peer->to.url == each.url; });
    next.push_back(former == peers_.end() ? std::make_shared<Peer>() : *former);
    next.back()->to = std::move(each);
  }
  // A call to one of the others may be under way: what is due to it goes no more.
  for (const std::shared_ptr<Peer>& peer : peers_)
    peer->is_left_out = std::find(next.begin(), next.end(), peer) == next.end();
  peers_ = std::move(next);
  read_at_ = Instant{};
  if (!peers_.empty() && !timer_) plan();
}

void AlertRelay::stop() {
  *std::exchange(is_alive_, std::make_shared<bool>(true)) = false;
  is_reading_ = false;
  peers_.clear();
  if (timer_) links_.loop.cancel(*std::exchange(timer_, std::nullopt));
}

void AlertRelay::plan() {
  timer_ = links_.loop.after(look_interval, [this] {
    timer_.reset();
    pass();
    if (!peers_.empty()) plan();
  });
}

void AlertRelay::pass() {
  const std::uint64_t version = links_.version();
  const Instant now = links_.now();
  const bool is_due = now - read_at_ >= (version != seen_version_ ? read_took_ * 10 : read_interval);
  if (is_due && !is_reading_) {
    is_reading_ = links_.read([this, version, now, is_alive = is_alive_](const std::vector<RelayedAlert>& alerts) {
      if (!*is_alive) return;
      is_reading_ = false;
      seen_version_ = version;
      read_at_ = links_.now();
      read_took_ = read_at_ - now;
      take(alerts);
    });
  }
  for (const std::shared_ptr<Peer>& peer : peers_) tell(peer);
}

void AlertRelay::take(const std::vector<RelayedAlert>& alerts) {
  const Instant now = links_.now();
  std::set<std::string_view> known;
  for (const RelayedAlert& alert : alerts) known.insert(alert.id);
  for (const std::shared_ptr<Peer>& peer : peers_) {
    if (peer->is_calling) {
      peer->missed_a_reading = true;  // what is under way may change what is due
      continue;
    }
    std::erase_if(peer->told, [&](const auto& told) { return !known.contains(told.first); });
    peer->due.clear();
    for (const RelayedAlert& alert : alerts) {
      const auto told = peer->told.find(alert.id);
      if (told == peer->told.end() || told->second.has_ended != alert.ended_at.has_value() ||
          now - told->second.at >= resend_delay)
        peer->due.push_back(alert);
    }
    // Those that were refused go last, and in calls of their own.
    std::stable_partition(peer->due.begin(), peer->due.end(),
                          [&peer](const RelayedAlert& alert) { return !was_refused(*peer, alert); });
    tell(peer);
  }
}

bool AlertRelay::was_refused(const Peer& peer, const RelayedAlert& alert) {
  const auto told = peer.told.find(alert.id);
  return told != peer.told.end() && told->second.is_refused;
}

void AlertRelay::tell(const std::shared_ptr<Peer>& peer) {
  if (peer->is_calling || peer->due.empty() || links_.now() < peer->not_before) return;
  std::size_t count = std::min(peer->due.size(), peer->call_max);
  while (was_refused(*peer, peer->due[count - 1]) != was_refused(*peer, peer->due.front())) --count;
  ports::HttpCall call;
  call.method = "POST";
  call.url = peer->to.url;
  call.headers = {{"Content-Type", "application/json"}};
  call.body = body_of(*peer, count);
  call.timeout = peer->to.timeout;
  call.body_bytes_max = answer_bytes_max;
  call.cuts_body = true;
  call.may_be_sent_twice = true;
  peer->is_calling = true;
  if (peer->to.settle) {
    if (const Status settled = peer->to.settle(call); !settled)
      return hear(peer, count, ports::HttpFailure{ports::HttpFailureKind::call_invalid, settled.error().text()});
  }
  links_.client.start(std::move(call),
                      [this, peer, count, is_alive = is_alive_](const Result<ports::HttpAnswer, ports::HttpFailure>& answer) {
                        if (*is_alive) hear(peer, count, answer);
                      });
}

void AlertRelay::hear(const std::shared_ptr<Peer>& peer, std::size_t count,
                      const Result<ports::HttpAnswer, ports::HttpFailure>& answer) {
  peer->is_calling = false;
  if (peer->is_left_out) return;
  if (std::exchange(peer->missed_a_reading, false)) read_at_ = Instant{};
  const Instant now = links_.now();
  peer->sent_count += count;
  if (!answer || answer->status / 100 != 2) ++peer->error_count;
  if (answer && is_final(answer->status)) {
    if (peer->pause.ms > 0 && is_good(answer->status)) links_.complain("alerts are told to " + peer->to.url + " again");
    peer->pause = Duration{};
    note_final(*peer, count, answer->status);
    if (peer->due.empty()) end_round(*peer);
    return tell(peer);
  }
  if (peer->pause.ms == 0)
    links_.complain("alerts could not be told to " + peer->to.url + ": " +
                    (answer ? "status " + std::to_string(answer->status) : answer.error().detail) + "; tried again until it can");
  peer->pause = peer->pause.ms == 0 ? pause_first : std::min(pause_max, peer->pause * 2);
  peer->not_before = now + peer->pause;
}

RelayFigures AlertRelay::figures() const {
  RelayFigures figures;
  figures.dropped_count = dropped_count_;
  for (const std::shared_ptr<Peer>& peer : peers_) {
    figures.peers.push_back({peer->to.url, peer->sent_count, peer->error_count});
    figures.waiting_count += peer->due.size();
  }
  return figures;
}

// The first `count` that are due were taken or refused.
void AlertRelay::note_final(Peer& peer, std::size_t count, std::uint32_t status) {
  const Instant now = links_.now();
  if (now - peer.minute >= resend_delay) {
    peer.minute = now;
    peer.halving_count = peer.name_count = 0;
  }
  const bool is_refused_for_one = is_about_alerts(status) && peer.halving_count < halvings_max;
  if (is_refused_for_one) ++peer.halving_count;
  if (is_refused_for_one && count > 1) {
    peer.call_max = count / 2;
    return;  // the same again, fewer at a time
  }
  for (std::size_t i = 0; i < count; ++i) {
    Told& told = peer.told[peer.due[i].id];
    const bool was_refused = told.is_refused;
    told = {now, peer.due[i].ended_at.has_value(), is_refused_for_one || (was_refused && !is_good(status))};
    if (is_refused_for_one && !was_refused && peer.name_count++ < names_said_max)
      links_.complain(peer.to.url + " refused the alert " + short_text(peer.due[i].labels) + " with status " +
                      std::to_string(status) + "; it is told again each minute, the others as ever");
  }
  peer.due.erase(peer.due.begin(), peer.due.begin() + static_cast<std::ptrdiff_t>(count));
  if (!is_good(status)) dropped_count_ += count;
  if (is_good(status)) {
    peer.has_taken = true;
    peer.call_max = std::min(peer.call_max * 2, alerts_of_call_max);
  } else if (!is_refused_for_one) {
    peer.refused_with = status;
    peer.call_max = alerts_of_call_max;
  }
}

// All that was due is told. What is said of refused calls is said of the round: one may be refused and the next one taken.
void AlertRelay::end_round(Peer& peer) {
  const std::uint32_t refused_with = std::exchange(peer.refused_with, 0);
  const bool has_taken = std::exchange(peer.has_taken, false);
  peer.call_max = alerts_of_call_max;
  if (refused_with != 0 && !peer.is_refusing)
    links_.complain(peer.to.url + " refused alerts with status " + std::to_string(refused_with) +
                    "; they are told again in a minute");
  if (refused_with == 0 && peer.is_refusing && has_taken) links_.complain("alerts are told to " + peer.to.url + " again");
  peer.is_refusing = refused_with != 0 || (peer.is_refusing && !has_taken);
}

std::string AlertRelay::body_of(const Peer& peer, std::size_t count) const {
  std::string body;
  JsonWriter out(body);
  const Instant valid_until = links_.now() + validity_;
  out.begin_array();
  for (std::size_t i = 0; i < count; ++i) write_alert(out, peer.due[i], peer.due[i].ended_at.value_or(valid_until));
  out.end_array();
  return body;
}

}  // namespace watchbill::drivers::notify
