#include "differential/routing/harness/scenario.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "differential/routing/harness/story.h"

namespace watchbill::routing_differential {
namespace {

using differential::Random;

// What ends by itself ends so long after a moment has settled.
constexpr Duration spare = Duration::milliseconds(1'500);
constexpr Duration long_after = Duration::hours(1);

class Author {
 public:
  Author(Scenario& scenario, Random& random, const StoryTerms& terms)
      : scenario_(scenario), random_(random), left_(terms.length), has_steady_texts_(terms.has_steady_texts) {}

  void write() {
    fire(3 + random_.below(4));
    while (left_ >= scenario_.settling) {
      const std::size_t what = random_.below(100);
      if (what < 26) fire(1 + random_.below(4));
      else if (what < 48) end(1 + random_.below(3));
      else if (what < 56) change_some();
      else if (what < 62) send_again();
      else if (what < 76) begin_silence();
      else if (what < 86) end_silence();
      else if (what < 90) change_silence();
      else if (what < 95) fire_for_a_while();
      else silence_for_a_while();
    }
  }

 private:
  // --- what may happen at once ---

  // Nothing that changes at once with others mutes or unmutes anyone. Where messages leave alerts out, no told one ends muted:
  // its end, which is told later, takes the place of others.
  [[nodiscard]] bool may_become(const World& next, std::size_t change_count) const {
    const bool owes = std::any_of(world_.alerts.begin(), world_.alerts.end(), [&](const auto& each) {
      return next.alerts.count(each.first) == 0 && each.second.may_be_told && world_.is_muted(rules(), each.first);
    });
    if (owes && scenario_.configuration.is_bounded()) return false;
    return change_count == 1 || keeps_muting(world_, next, rules());
  }

  void become(World next, Moment moment, Duration length) {
    for (const auto& [labels, life] : world_.alerts)
      if (next.alerts.count(labels) == 0 && life.may_be_told && world_.is_muted(rules(), labels)) {
        moment.ended_muted.insert(text(labels));
        retired_.insert(labels);
      }
    for (auto& [labels, life] : next.alerts) {
      const bool is_silenced = next.is_silenced(labels), is_inhibited = next.is_inhibited(rules(), labels);
      scenario_.muted_by_silences += is_silenced ? 1U : 0U;
      scenario_.muted_by_rules += is_inhibited ? 1U : 0U;
      moment.muted_count += is_silenced || is_inhibited ? 1U : 0U;
      life.may_be_told = life.may_be_told || !(is_silenced || is_inhibited);
    }
    world_ = std::move(next);
    scenario_.moments.push_back(std::move(moment));
    left_ = left_ - length;
  }

  // --- alerts ---

  LabelSet labels() {
    LabelSet out;
    for (const Letters& letters : alphabet())
      if (const std::string value = random_.pick(letters.values); !value.empty()) out[letters.name] = value;
    return out;
  }

  LabelSet annotations() {
    static const std::vector<std::string> texts{"it is down", "<b>\"7\" & more</b>", "über 9000 \\ 5", "", "look\nhere"};
    LabelSet out;
    if (random_.chance(60)) out["summary"] = random_.pick(texts);
    if (random_.chance(30)) out["runbook"] = random_.pick(texts);
    if (has_steady_texts_)
      for (auto& [name, value] : out)
        if (value.empty()) value = "not empty";
    return out;
  }
  // What a later post says: mostly the same.
  LabelSet annotations_after(const LabelSet& before, unsigned percent) {
    const bool is_other = random_.chance(percent);
    const LabelSet other = annotations();
    return is_other && !has_steady_texts_ ? other : before;
  }

  AlertPost post_of(const LabelSet& labels, const LabelSet& annotations, std::optional<std::size_t> starts_at) {
    AlertPost post{labels, annotations, {}, starts_at, std::nullopt};
    const bool is_chosen = random_.chance(40);
    const bool has_link = has_steady_texts_ ? labels.at("alertname") != "Slow" : is_chosen;
    if (has_link) post.generator_url = "http://prometheus.example/graph?g0.expr=up&g0.tab=1";
    if (random_.chance(6)) post.labels["empty"] = "";
    return post;
  }

  // Other alerts than those that fire: often as one that fires but for one label, so that groups have more than one.
  [[nodiscard]] std::vector<LabelSet> new_ones(std::size_t count) {
    std::vector<LabelSet> out;
    for (std::size_t tries = 0; tries < 40 && out.size() < count; ++tries) {
      LabelSet candidate = labels();
      if (!out.empty() && random_.chance(60)) {
        const Letters& letters = random_.pick(alphabet());
        candidate = out.back();
        candidate.erase(letters.name);
        if (const std::string value = random_.pick(letters.values); !value.empty()) candidate[letters.name] = value;
      }
      if (world_.alerts.count(candidate) > 0 || retired_.count(candidate) > 0) continue;
      if (std::find(out.begin(), out.end(), candidate) == out.end()) out.push_back(std::move(candidate));
    }
    return out;
  }

  void fire(std::size_t count) {
    std::vector<LabelSet> chosen = new_ones(count);
    for (; !chosen.empty(); chosen.pop_back()) {
      World next = world_;
      Moment moment{"fire", {}, {}, {}, {}, 0};
      for (const LabelSet& each : chosen) {
        next.alerts[each] = {annotations(), now(), false};
        moment.alerts.push_back(post_of(each, next.alerts[each].annotations, now()));
      }
      if (may_become(next, chosen.size())) return become(std::move(next), std::move(moment), scenario_.settling);
    }
  }

  [[nodiscard]] std::vector<LabelSet> firing(std::size_t count) {
    std::vector<LabelSet> all, out;
    for (const auto& [labels, life] : world_.alerts) all.push_back(labels);
    while (!all.empty() && out.size() < count) {
      const std::size_t index = random_.below(all.size());
      out.push_back(all[index]);
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(index));
    }
    return out;
  }

  void end_in(World& next, Moment& moment, const LabelSet& labels) {
    const Life& life = world_.alerts.at(labels);
    const LabelSet said = annotations_after(life.annotations, 30);
    AlertPost post = post_of(labels, said, random_.chance(80) ? std::optional(life.began) : std::nullopt);
    post.ends_after = Duration{0};
    moment.alerts.push_back(std::move(post));
    next.alerts.erase(labels);
  }

  void end(std::size_t count) {
    std::vector<LabelSet> chosen = firing(count);
    for (; !chosen.empty(); chosen.pop_back()) {
      World next = world_;
      Moment moment{"end", {}, {}, {}, {}, 0};
      for (const LabelSet& each : chosen) end_in(next, moment, each);
      if (may_become(next, chosen.size())) return become(std::move(next), std::move(moment), scenario_.settling);
    }
  }

  // Some begin and some end in one post.
  void change_some() {
    std::vector<LabelSet> chosen = new_ones(1 + random_.below(2));
    const std::vector<LabelSet> ending = firing(1 + random_.below(2));
    if (chosen.empty() || ending.empty()) return fire(1);
    World next = world_;
    Moment moment{"fire and end", {}, {}, {}, {}, 0};
    for (const LabelSet& each : ending) end_in(next, moment, each);
    for (const LabelSet& each : chosen) {
      next.alerts[each] = {annotations(), now(), false};
      moment.alerts.push_back(post_of(each, next.alerts[each].annotations, now()));
    }
    if (may_become(next, 2)) become(std::move(next), std::move(moment), scenario_.settling);
  }

  // As a sender does every minute; perhaps with other annotations.
  void send_again() {
    World next = world_;
    Moment moment{"send again", {}, {}, {}, {}, 0};
    for (const LabelSet& each : firing(1 + random_.below(4))) {
      Life& life = next.alerts.at(each);
      life.annotations = annotations_after(life.annotations, 50);
      moment.alerts.push_back(
          post_of(each, life.annotations, random_.chance(75) ? std::optional(life.began) : std::nullopt));
      // An end without a beginning would be the beginning too.
      if (random_.chance(40) && moment.alerts.back().starts_at) moment.alerts.back().ends_after = long_after;
    }
    if (!moment.alerts.empty()) become(std::move(next), std::move(moment), scenario_.settling);
  }

  // An alert whose end is known when it begins, and comes by itself.
  void fire_for_a_while() {
    const std::vector<LabelSet> chosen = new_ones(1);
    const Duration span = scenario_.settling + spare;
    if (chosen.empty() || left_ < span + scenario_.settling) return fire(1);
    const std::size_t begun = now();
    World next = world_;
    next.alerts[chosen.front()] = {annotations(), begun, false};
    Moment moment{"fire, with an end", {post_of(chosen.front(), next.alerts[chosen.front()].annotations, begun)}, {}, {}, {}, 0};
    moment.alerts.front().ends_after = span;
    become(std::move(next), std::move(moment), span);
    World after = world_;
    after.alerts.erase(chosen.front());
    become(std::move(after), Moment{"that end comes", {}, {}, Moment::Awaited{begun, span}, {}, 0}, scenario_.settling);
  }

  // --- silences ---

  // Mostly of an alert that fires.
  std::vector<Condition> silenced() {
    for (std::size_t tries = 0;; ++tries) {
      std::vector<Condition> out = conditions_of(random_, true);
      const bool meets = std::any_of(world_.alerts.begin(), world_.alerts.end(),
                                     [&](const auto& each) { return are_met(out, each.first); });
      if (meets || tries > 8) return out;
    }
  }

  [[nodiscard]] std::map<std::string, std::vector<Condition>>::iterator one_of(
      std::map<std::string, std::vector<Condition>>& silences) {
    return std::next(silences.begin(), static_cast<std::ptrdiff_t>(random_.below(silences.size())));
  }

  [[nodiscard]] std::string new_comment() { return "silence " + std::to_string(++silence_count_); }

  void begin_silence() {
    if (world_.silences.size() >= 3) return end_silence();
    SilenceChange change{SilenceChange::Kind::begin, new_comment(), silenced(), {}, long_after};
    World next = world_;
    next.silences[change.comment] = change.conditions;
    become(std::move(next), Moment{"begin a silence", {}, {change}, {}, {}, 0}, scenario_.settling);
  }

  void end_silence() {
    if (world_.silences.empty()) return begin_silence();
    World next = world_;
    const SilenceChange change{SilenceChange::Kind::end, one_of(next.silences)->first, {}, {}, {}};
    next.silences.erase(change.comment);
    become(std::move(next), Moment{"end a silence", {}, {change}, {}, {}, 0}, scenario_.settling);
  }

  // Its end alone, or what it mutes too: then it is another silence.
  void change_silence() {
    if (world_.silences.empty()) return begin_silence();
    World next = world_;
    auto& [comment, conditions] = *one_of(next.silences);
    if (random_.chance(50)) conditions = silenced();
    const SilenceChange change{SilenceChange::Kind::change, comment, conditions, {}, long_after + Duration::minutes(30)};
    become(std::move(next), Moment{"change a silence", {}, {change}, {}, {}, 0}, scenario_.settling);
  }

  // One that begins later, or one that ends by itself.
  void silence_for_a_while() {
    const Duration span = scenario_.settling + spare;
    if (left_ < span + scenario_.settling) return begin_silence();
    const std::size_t posted = now();
    const bool begins_later = random_.chance(40);
    SilenceChange change{SilenceChange::Kind::begin, new_comment(), silenced(), {}, begins_later ? long_after : span};
    if (begins_later) change.starts_after = span;
    World with = world_;
    with.silences[change.comment] = change.conditions;
    World without = world_;
    const std::string what = begins_later ? "a silence that begins later" : "a silence with an end";
    become(begins_later ? without : with, Moment{what, {}, {change}, {}, {}, 0}, span);
    for (World* each : {&with, &without}) each->alerts = world_.alerts;
    become(begins_later ? with : without,
           Moment{begins_later ? "it begins" : "it ends", {}, {}, Moment::Awaited{posted, span}, {}, 0}, scenario_.settling);
  }

  [[nodiscard]] const std::vector<InhibitRule>& rules() const { return scenario_.configuration.rules; }
  [[nodiscard]] std::size_t now() const { return scenario_.moments.size(); }

  Scenario& scenario_;
  Random& random_;
  Duration left_;
  bool has_steady_texts_;
  World world_;
  std::set<LabelSet> retired_;
  std::size_t silence_count_{0};
};

std::string text_of(const AlertPost& post) {
  std::string out = "    alert " + text(post.labels) + " annotations " + text(post.annotations);
  if (post.starts_at) out += ", begun at moment " + std::to_string(*post.starts_at);
  if (post.ends_after) out += ", ends after " + format_duration(*post.ends_after);
  return out + "\n";
}

std::string text_of(const SilenceChange& change) {
  const char* const kinds[] = {"begin", "change", "end"};
  std::string out = "    " + std::string(kinds[static_cast<std::size_t>(change.kind)]) + " " + change.comment;
  if (change.kind != SilenceChange::Kind::end)
    out += " " + text(change.conditions) + " from +" + format_duration(change.starts_after) + " to +" +
           format_duration(change.ends_after);
  return out + "\n";
}

}  // namespace

Scenario scenario_of(std::uint64_t seed, const StoryTerms& terms) {
  Random random(seed);
  Scenario out;
  out.seed = seed;
  out.configuration = configuration_of(random);
  out.settling = out.configuration.longest_interval() * 5 / 2;
  Author(out, random, terms).write();
  return out;
}

std::string Scenario::text() const {
  std::string out;
  for (std::size_t i = 0; i < moments.size(); ++i) {
    const Moment& moment = moments[i];
    out += "  " + std::to_string(i) + " " + moment.what;
    if (moment.awaited)
      out += ", " + format_duration(moment.awaited->after) + " after moment " + std::to_string(moment.awaited->moment);
    out += " (" + std::to_string(moment.muted_count) + " muted then)\n";
    for (const AlertPost& post : moment.alerts) out += text_of(post);
    for (const SilenceChange& change : moment.silences) out += text_of(change);
    for (const std::string& each : moment.ended_muted) out += "    ends muted: " + each + "\n";
  }
  return out;
}

}  // namespace watchbill::routing_differential
