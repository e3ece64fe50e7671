#include "drivers/notify/alert_relay.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/json.h"

namespace watchbill::drivers::notify {
namespace {

constexpr Duration look_interval = Duration::milliseconds(250);
// So often alerts are read though none changed: for those to be told again.
constexpr Duration read_interval = Duration::seconds(15);
constexpr Duration pause_first = Duration::seconds(1);
constexpr Duration pause_max = Duration::seconds(30);

// Taken, or refused for what it is: telling it again at once would hold up the others.
bool is_final(std::uint32_t status) noexcept {
  return status / 100 == 2 || (status / 100 == 4 && status != 408 && status != 429);
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
    tell(peer);
  }
}

void AlertRelay::tell(const std::shared_ptr<Peer>& peer) {
  if (peer->is_calling || peer->due.empty() || links_.now() < peer->not_before) return;
  const std::size_t count = std::min(peer->due.size(), alerts_of_call_max);
  ports::HttpCall call;
  call.method = "POST";
  call.url = peer->to.url;
  call.headers = {{"Content-Type", "application/json"}};
  call.body = body_of(*peer, count);
  call.timeout = peer->to.timeout;
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
  if (std::exchange(peer->missed_a_reading, false)) read_at_ = Instant{};
  const Instant now = links_.now();
  peer->sent_count += count;
  if (!answer || answer->status / 100 != 2) ++peer->error_count;
  if (answer && is_final(answer->status)) {
    const bool is_refused = answer->status / 100 != 2;
    if (is_refused && !peer->is_refusing)
      links_.complain(peer->to.url + " refused alerts with status " + std::to_string(answer->status) +
                      "; they are told again in a minute");
    else if (!is_refused && (peer->pause.ms > 0 || peer->is_refusing))
      links_.complain("alerts are told to " + peer->to.url + " again");
    peer->is_refusing = is_refused;
    if (is_refused) dropped_count_ += count;
    peer->pause = Duration{};
    for (std::size_t i = 0; i < count; ++i) peer->told[peer->due[i].id] = {now, peer->due[i].ended_at.has_value()};
    peer->due.erase(peer->due.begin(), peer->due.begin() + static_cast<std::ptrdiff_t>(count));
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
