#include "differential/routing/harness/play.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "base/json.h"
#include "base/time.h"

namespace watchbill::routing_differential {
namespace {

std::chrono::milliseconds span(Duration duration) { return std::chrono::milliseconds(duration.ms); }

Instant wall_clock() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

void write_labels(JsonWriter& json, const LabelSet& labels) {
  json.begin_object();
  for (const auto& [name, value] : labels) json.key(name).string(value);
  json.end_object();
}

std::string alerts_body(const std::vector<AlertPost>& posts, const std::vector<Instant>& moments) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const AlertPost& post : posts) {
    json.begin_object();
    write_labels(json.key("labels"), post.labels);
    write_labels(json.key("annotations"), post.annotations);
    if (!post.generator_url.empty()) json.key("generatorURL").string(post.generator_url);
    if (post.starts_at) json.key("startsAt").string(format_rfc3339(moments[*post.starts_at]));
    if (post.ends_after) json.key("endsAt").string(format_rfc3339(moments.back() + *post.ends_after));
    json.end_object();
  }
  json.end_array();
  return out;
}

struct SilenceBody {
  std::string id;
  std::string starts_at;
  Instant ends_at;
};
std::string text_of(const SilenceChange& change, const SilenceBody& body) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  if (!body.id.empty()) json.key("id").string(body.id);
  json.key("comment").string(change.comment).key("createdBy").string("a test");
  json.key("startsAt").string(body.starts_at).key("endsAt").string(format_rfc3339(body.ends_at));
  json.key("matchers").begin_array();
  for (const Condition& each : change.conditions) {
    json.begin_object().key("name").string(each.name).key("value").string(each.value);
    json.key("isRegex").boolean(each.kind == ConditionKind::regex || each.kind == ConditionKind::not_regex);
    json.key("isEqual").boolean(each.kind == ConditionKind::equal || each.kind == ConditionKind::regex).end_object();
  }
  json.end_array().end_object();
  return out;
}

std::string with_receiver(std::string text, const std::string& url) {
  const std::string_view place = receiver_place;
  for (std::size_t at = text.find(place); at != std::string::npos; at = text.find(place, at + url.size()))
    text.replace(at, place.size(), url);
  return text;
}

// One router, who it tells, and what silences are called there.
class Side {
 public:
  Side(RouterKind kind, const ConfigurationPlan& configuration)
      : router_(start_router(kind, directory_.path(), with_receiver(configuration.yaml(), receiver_.url()))) {}

  [[nodiscard]] Router& router() { return *router_; }
  [[nodiscard]] const Receiver& receiver() const { return receiver_; }

  // Posts what the moment changes. Gives "" or what it did not take.
  [[nodiscard]] std::string post(const Moment& moment, const std::vector<Instant>& moments, const std::string& left_out) {
    for (const SilenceChange& change : moment.silences)
      if (change.comment != left_out)
        if (std::string fault = post(change, moments.back()); !fault.empty()) return fault;
    if (moment.alerts.empty()) return {};
    return asked("POST", "/api/v2/alerts", alerts_body(moment.alerts, moments)).second;
  }

  [[nodiscard]] Seen seen() {
    Seen out;
    out.snapshot = snapshot_of({router_->ask("GET", "/api/v2/alerts").body, router_->ask("GET", "/api/v2/alerts/groups").body,
                                router_->ask("GET", "/api/v2/silences").body},
                               comments_);
    const std::vector<Delivery> deliveries = receiver_.after(taken_);
    taken_ += deliveries.size();
    for (const Delivery& each : deliveries) out.messages.push_back(message_of(each));
    return out;
  }
  [[nodiscard]] std::size_t new_count() const { return receiver_.count() - taken_; }

 private:
  std::string post(const SilenceChange& change, Instant now) {
    const std::string id = ids_[change.comment];
    if (change.kind == SilenceChange::Kind::end) return asked("DELETE", "/api/v2/silence/" + id, {}).second;
    std::string starts_at = format_rfc3339(now + change.starts_after);
    // As amtool does: what it is now, with a change.
    if (!id.empty()) starts_at = router_->ask("GET", "/api/v2/silence/" + id).member("startsAt");
    const auto [reply, fault] =
        asked("POST", "/api/v2/silences", text_of(change, {id, starts_at, now + change.ends_after}));
    if (!fault.empty()) return fault;
    ids_[change.comment] = reply.member("silenceID");
    comments_[ids_[change.comment]] = change.comment;
    return {};
  }

  std::pair<serve_test::HttpReply, std::string> asked(const std::string& method, const std::string& target,
                                                      const std::string& body) {
    serve_test::HttpReply reply = router_->ask(method, target, body);
    std::string fault;
    if (reply.status != 200)
      fault = router_->name() + " answers " + method + " " + target + " " + body + "\nwith " + std::to_string(reply.status) +
              " " + reply.body;
    return {std::move(reply), fault};
  }

  serve_test::TemporaryDirectory directory_;
  Receiver receiver_;
  std::unique_ptr<Router> router_;
  std::map<std::string, std::string> ids_;  // by comment
  Comments comments_;
  std::size_t taken_{0};
};

ConfigurationPlan planted(ConfigurationPlan plan, Plant plant) {
  if (plant == Plant::rule_dropped && !plan.rules.empty()) plan.rules.pop_back();
  if (plant == Plant::other_group_by)
    for (RoutePlan& route : plan.routes) {
      const bool is_all = route.group_by && !route.group_by->empty() && route.group_by->front() == "...";
      if (route.group_by || &route == &plan.routes.front())
        route.group_by = is_all ? std::vector<std::string>{} : std::vector<std::string>{"..."};
    }
  return plan;
}

class Player {
 public:
  explicit Player(const Play& play)
      : play_(play),
        scenario_(scenario_of(play.seed, {.has_steady_texts = play.has_steady_texts})),
        left_(RouterKind::alertmanager, scenario_.configuration),
        right_(play.right, planted(scenario_.configuration, play.plant)),
        comparison_(scenario_, play.right == RouterKind::watchbill) {
    if (play.plant != Plant::silence_not_posted) return;
    for (const Moment& moment : scenario_.moments)
      for (const SilenceChange& change : moment.silences)
        if (left_out_.empty()) left_out_ = change.comment;
  }

  Outcome run() {
    Outcome out;
    out.play = play_;
    for (Side* side : {&left_, &right_})
      if (!side->router().is_serving())
        return troubled(std::move(out), side->router().name() + " does not serve: " + side->router().said());
    for (std::size_t i = 0; i < scenario_.moments.size(); ++i) {
      const Moment& moment = scenario_.moments[i];
      if (moment.awaited) std::this_thread::sleep_until(begun_[moment.awaited->moment] + span(moment.awaited->after));
      moments_.push_back(wall_clock());
      begun_.push_back(Clock::now());
      if (std::string trouble = post(moment); !trouble.empty()) return troubled(std::move(out), trouble);
      const Clock::time_point posted_at = Clock::now();
      settle(i);
      auto theirs = std::async(std::launch::async, [this] { return left_.seen(); });
      const Seen right = right_.seen(), left = theirs.get();
      out.what = comparison_.judge(moment, left, right, posted_at);
      if (!out.what.empty()) return differing(std::move(out), i);
    }
    out.tally = comparison_.tally();
    out.tally.stories = 1;
    return out;
  }

 private:
  std::string post(const Moment& moment) {
    auto theirs = std::async(std::launch::async, [&] { return left_.post(moment, moments_, {}); });
    const std::string ours = right_.post(moment, moments_, left_out_);
    const std::string other = theirs.get();
    return other.empty() ? ours : other;
  }

  // Waits its time, and then until nobody has told anything for the longest interval and both told as much; not for ever, and
  // not until what this moment has begun ends by itself.
  void settle(std::size_t index) const {
    const Clock::time_point begin = begun_.back();
    const auto interval = span(scenario_.configuration.longest_interval());
    const auto least = span(scenario_.settling);
    auto most = least + 4 * interval + std::chrono::seconds(2);
    if (index + 1 < scenario_.moments.size())
      if (const auto& awaited = scenario_.moments[index + 1].awaited; awaited && awaited->moment == index)
        most = span(awaited->after) - std::chrono::milliseconds(300);
    std::size_t count = 0;
    Clock::time_point changed_at = begin;
    while (Clock::now() < begin + most) {
      const std::size_t left = left_.new_count(), right = right_.new_count();
      if (left + right != count) {
        count = left + right;
        changed_at = Clock::now();
      }
      if (left == right && Clock::now() >= std::max(begin + least, changed_at + interval)) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  [[nodiscard]] Outcome troubled(Outcome out, const std::string& trouble) const {
    out.trouble = trouble;
    out.report = head() + "trouble: " + trouble + "\n" + story();
    return out;
  }
  [[nodiscard]] Outcome differing(Outcome out, std::size_t moment) {
    out.report = head() + "after moment " + std::to_string(moment) + ": " + out.what + story() + asked(left_) + asked(right_);
    return out;
  }
  [[nodiscard]] std::string head() const {
    const std::string seed = std::to_string(play_.seed);
    const std::string setting = play_.has_steady_texts ? "" : "WB_ROUTING_TEXTS=changing ";
    const std::string flag = play_.has_steady_texts ? " --texts steady" : "";
    return "seed " + seed + " (again: " + setting + "WB_ROUTING_SEEDS=1 WB_ROUTING_SEED=" + seed +
           " test_routing_differential, or bench_routing_differential --stories 1 --seed " + seed + flag + ")\n";
  }
  [[nodiscard]] std::string story() const {
    return "story:\n" + scenario_.text() + "configuration:\n" + scenario_.configuration.yaml();
  }
  [[nodiscard]] static std::string asked(Side& side) {
    std::string out = side.router().name() + " answers\n";
    for (const char* path : {"/api/v2/alerts", "/api/v2/alerts/groups", "/api/v2/silences"})
      out += std::string("  GET ") + path + " " + side.router().ask("GET", path).body + "\n";
    for (const Delivery& each : side.receiver().after(0)) out += "  told " + each.path + " " + each.body + "\n";
    return out;
  }

  const Play play_;
  const Scenario scenario_;
  Side left_, right_;
  Comparison comparison_;
  std::string left_out_;           // the silence that the right side is not told of
  std::vector<Instant> moments_;   // by the clock of the texts
  std::vector<Clock::time_point> begun_;
};

Outcome play_twice(const Play& play) {
  Outcome first = Player(play).run();
  if (first.what.empty() || play.plant != Plant::none) return first;
  Outcome second = Player(play).run();
  if (second.is_alike()) second.wavering = first.report;
  return second;
}

}  // namespace

Outcome play(const Play& what) { return play_twice(what); }

std::vector<Outcome> play_all(const std::vector<Play>& plays, std::size_t at_once,
                              const std::function<void(const Outcome&)>& told) {
  std::vector<Outcome> out(plays.size());
  std::atomic<std::size_t> next{0};
  std::mutex telling;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min(at_once, plays.size()); ++i)
    threads.emplace_back([&] {
      for (std::size_t index = next++; index < plays.size(); index = next++) {
        out[index] = play(plays[index]);
        const std::lock_guard lock(telling);
        if (told) told(out[index]);
      }
    });
  for (std::thread& thread : threads) thread.join();
  return out;
}

}  // namespace watchbill::routing_differential
