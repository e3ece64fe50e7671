#include "app/watch/metrics_path.h"

#include <algorithm>
#include <chrono>

#include "app/watch/completeness.h"
#include "metrics/exposition/text_parser.h"

namespace watchbill::app::watch {

namespace rules = metrics::rules;
namespace query = drivers::query;
namespace scrape = drivers::scrape;

namespace {

constexpr Duration flush_interval = Duration::seconds(5);
constexpr Duration advance_interval = Duration::minutes(1);
constexpr Duration own_interval = Duration::seconds(5);
constexpr Duration host_interval = Duration::seconds(15);
constexpr Duration idle_wait = Duration::seconds(1);
constexpr const char* samples_folder = "samples";

metrics::tsdb::HeadLimits head_limits(Duration retention) {
  metrics::tsdb::HeadLimits limits;
  limits.retention = retention;
  return limits;
}

// Two at least: one for a reader's query, the others for rules and questions.
std::size_t pool_size() { return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 2, 8); }

query::Asker::Limits asker_limits(Duration debounce, std::size_t threads) {
  query::Asker::Limits limits;
  limits.debounce = debounce;
  limits.tasks_at_once_max = threads - 1;
  return limits;
}

Labels own_target(const std::string& job, const std::string& instance) { return Labels({{"instance", instance}, {"job", job}}); }

// Which names of one source are read: asked once each, for a page has many series of one name.
class ReadNames {
 public:
  ReadNames(const MetricsPlan& plan, Labels target) : plan_(plan), target_(std::move(target)) {}

  bool has(std::string_view name) {
    const auto [at, is_new] = known_.try_emplace(std::string(name), false);
    if (is_new) at->second = plan_.reads(target_, at->first);
    return at->second;
  }

 private:
  const MetricsPlan& plan_;
  Labels target_;
  std::map<std::string, bool> known_;
};

}  // namespace

MetricsPath::MetricsPath(Links links, Settings settings)
    : links_(std::move(links)),
      settings_(std::move(settings)),
      surroundings_{text_template::AnnotationScope(settings_.external_labels, settings_.external_url), {}},
      pool_size_(pool_size()),
      head_(head_limits(settings_.retention)),
      files_(settings_.data),
      log_(head_, files_, samples_folder),
      remotes_({links_.client, head_, links_.now, links_.complain}, settings_.data, samples_folder, settings_.external_labels),
      blocks_({head_, log_, links_.now, links_.complain}, settings_.data, samples_folder, settings_.retention_bytes),
      asker_({head_, links_.now, [this](Command command, auto done) { offer(std::move(command), std::move(done)); },
              [this] { return readiness(); }, [this] { wake(); }},
             surroundings_, asker_limits(settings_.debounce, pool_size_)),
      scraper_({links_.loop, links_.client, head_, links_.now, [this](const scrape::TargetSeries& series) { stored(series); }}),
      writes_({head_, [this] { return flush(); },
               [this](std::span<const rules::RulePlace> readers) { asker_.arrived(readers, links_.now()); }}),
      finder_({links_.loop, links_.client, [this] { take_targets(); }, links_.complain}),
      plan_(std::make_shared<MetricsPlan>()) {}

MetricsPath::~MetricsPath() { stop(); }

void MetricsPath::start(std::shared_ptr<const MetricsPlan> plan) {
  plan_ = std::move(plan);
  finder_.read_files(plan_->jobs);
  keeper_ = std::thread([this] { keep_samples(); });
  writer_ = std::thread([this] { writes_.run(); });
  planner_ = std::thread([this] { plan_evaluations(); });
  for (std::size_t i = 0; i < pool_size_; ++i) pool_.emplace_back([this] { evaluate(); });
}

void MetricsPath::configure(std::shared_ptr<const MetricsPlan> plan) {
  plan_ = std::move(plan);
  if (is_ready_) take();  // else begin() will
}

void MetricsPath::stop_asking() {
  is_ending_ = true;
  finder_.stop_asking();
  scraper_.stop();
  is_ready_ = false;
}

void MetricsPath::stop() {
  is_ending_ = true;
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  changed_.notify_all();
  finder_.stop();
  asker_.stop();
  writes_.stop();
  if (writer_.joinable()) writer_.join();
  if (planner_.joinable()) planner_.join();
  for (std::thread& thread : pool_) thread.join();
  pool_.clear();
  if (!keeper_.joinable()) return;
  keeper_.join();
  remotes_.stop();
  blocks_.stop();
  if (const Status flushed = flush(); !flushed) links_.complain("samples: " + flushed.error().text());
}

// --- what is stored ---

void MetricsPath::keep_samples() {
  load();
  blocks_.start();
  links_.loop.post([this] { begin(); });
  bool is_failing = false;
  Instant advanced_at;
  while (wait_a_moment(flush_interval)) {
    const Instant now = links_.now();
    if (now - advanced_at >= advance_interval) head_.advance(advanced_at = now);
    const Status flushed = flush();
    if (!flushed && !is_failing)
      links_.complain("samples: " + flushed.error().text() + "; they stay in memory, and are sent to nobody, until it goes");
    if (flushed && is_failing) links_.complain("samples: they are written again");
    is_failing = !flushed;
    {
      const std::lock_guard lock(log_mutex_);
      remotes_.flushed(log_);
      keep_for_remotes();
    }
    retire_rules();
  }
}

Status MetricsPath::flush() {
  const std::lock_guard lock(log_mutex_);
  return log_.flush(links_.now());
}

// What is not sent yet stays on disk, in blocks or not.
void MetricsPath::keep_for_remotes() {
  const std::optional<metrics::tsdb::LogPlace> needed = remotes_.needed_from();
  if (needed) log_.keep_from(metrics::tsdb::LogPosition{needed->segment.run, needed->segment.segment, needed->offset});
  else log_.keep_from(std::nullopt);
}

void MetricsPath::load() {
  const BlockKeeper::Opened opened = blocks_.open();
  const Result<metrics::tsdb::LoadReport> report = log_.load(links_.now(), opened.covered);
  Instant since = links_.now();
  if (!report) {
    links_.complain("samples: " + report.error().text() + "; the store begins without it");
  } else {
    for (const metrics::tsdb::DamagedRange& range : report->damaged)
      links_.complain("samples: " + range.file + ": " + std::to_string(range.bytes) + " bytes from " +
                      std::to_string(range.offset) + " on are damaged and left out");
    for (const Error& error : report->unreadable) links_.complain("samples: " + error.text());
  }
  const bool is_anything_there = (report && report->sample_count > 0) || !opened.is_empty;
  const bool is_whole = report && report->damaged.empty() && report->unreadable.empty() && opened.is_whole && is_anything_there;
  if (is_whole) since = Instant{};
  remotes_.begin(log_);
  keep_for_remotes();
  const std::lock_guard lock(mutex_);
  complete_since_ = since;
}

rules::StoreReadiness MetricsPath::readiness() const {
  const std::lock_guard lock(mutex_);
  return {complete_since_, unscraped_, started_};
}

// --- the bill ---

void MetricsPath::begin() {
  std::map<Labels, Duration> intervals;
  for (const scrape::FoundTarget& found : finder_.find(plan_->jobs).active)
    intervals.emplace(found.target.labels, found.target.interval);
  {
    const std::lock_guard lock(mutex_);
    started_ = links_.now();
    if (complete_since_ == Instant{}) complete_since_ = complete_since(head_.snapshot(), intervals, started_);
  }
  take();
  is_ready_ = true;
}

// The targets of the plan as they stand now.
void MetricsPath::take_targets() {
  if (is_ending_ || started_ == Instant::never()) return;  // begin() will
  targets_ = finder_.find(plan_->jobs);
  std::vector<scrape::Target> targets;
  for (const scrape::FoundTarget& found : targets_.active) targets.push_back(found.target);
  scraper_.configure(std::move(targets));
  const std::lock_guard lock(mutex_);
  unscraped_ = scraper_.unscraped();
}

// The plan as it stands now.
void MetricsPath::take() {
  early_.clear();
  std::set<std::string> ids;
  for (const rules::RuleGroup& group : plan_->groups)
    for (const rules::Rule& rule : group.rules) ids.insert(rule.id.text);
  {
    const std::lock_guard lock(mutex_);
    rule_ids_ = std::move(ids);
  }
  configure_own();
  finder_.configure(plan_->jobs);
  take_targets();
  if (const Status configured = remotes_.configure(plan_->remotes); !configured)
    links_.complain("remote write: " + configured.error().text());
  writes_.configure(plan_);
  asker_.configure(plan_->groups, [this](const RuleId& rule) { return inherit(rule); });
}

query::InheritedRule MetricsPath::inherit(const RuleId& rule) const {
  return links_.follower.read([&rule](const core::State& state, const ChainHead&) {
    query::InheritedRule inherited;
    const core::alert::Rule* known = state.alert.rules.find(rule.text);
    inherited.is_failing = known != nullptr && known->failing_since.has_value();
    core::alert::each_of_rule(state.alert, rule, [&inherited](const std::string&, const core::alert::Alert& alert) {
      if (alert.phase != AlertPhase::inactive)
        inherited.alerts.push_back({alert.element, alert.labels, core::alert::course_of(alert)});
      return true;
    });
    return inherited;
  });
}

// Rules that the journal knows and the bill has no more. An evaluation under way may bring one back, so this is asked again and
// again.
void MetricsPath::retire_rules() {
  std::optional<std::set<std::string>> ids;
  {
    const std::lock_guard lock(mutex_);
    ids = rule_ids_;
  }
  if (!ids) return;
  std::vector<RuleId> left;
  links_.follower.read([&](const core::State& state, const ChainHead&) {
    state.alert.rules.each([&](const std::string& id, const core::alert::Rule&) {
      if (!ids->contains(id)) left.push_back(RuleId{id});
      return true;
    });
    return 0;
  });
  for (const RuleId& rule : left) retire(rule);
}

void MetricsPath::retire(const RuleId& rule) {
  Command command{RetireRule{links_.now(), rule}, engine_actor("rules"), std::nullopt, std::nullopt, {}};
  static_cast<void>(links_.inbox.offer(std::move(command), {}));
}

void MetricsPath::offer(Command command, std::function<void(bool)> done) {
  const auto refused = links_.inbox.offer(std::move(command), [done](const core::Answer& answer) { done(!answer.refused); });
  if (refused) done(false);
}

// --- evaluation ---

void MetricsPath::evaluate() {
  while (true) {
    while (asker_.run_one(idle_wait)) memory_.look(links_.now());
    memory_.look(links_.now());
    const std::lock_guard lock(mutex_);
    if (is_stopped_) return;
  }
}

void MetricsPath::plan_evaluations() {
  while (true) {
    const Instant now = links_.now();
    const Instant next = asker_.plan(now);
    const Duration longest = next == Instant::never() ? idle_wait : std::clamp(next - now, Duration{1}, idle_wait);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(longest.ms), [this] { return is_stopped_ || is_woken_; });
    if (is_stopped_) return;
    is_woken_ = false;
  }
}

void MetricsPath::wake() {
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  changed_.notify_all();
}

// False when it is time to end.
bool MetricsPath::wait_a_moment(Duration longest) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(longest.ms), [this] { return is_stopped_; });
  return !is_stopped_;
}

void MetricsPath::stored(const scrape::TargetSeries& series) {
  {
    const std::lock_guard lock(mutex_);
    if (!unscraped_.empty()) unscraped_ = scraper_.unscraped();
  }
  Readers& readers = early_[series.target()];
  if (readers.names_version != series.names_version()) {
    readers.names_version = series.names_version();
    const std::vector<std::string> names = series.metric_names();
    readers.rules = rules::early_readers(plan_->groups, series.target(), names);
  }
  asker_.arrived(readers.rules, links_.now());
}

// The rules that rest on one series of our own; `early_` has them by all its labels, the name too, which no target has.
const std::vector<rules::RulePlace>& MetricsPath::readers_of(const Labels& series) {
  const auto [at, is_new] = early_.try_emplace(series);
  if (is_new) {
    Labels target = series;
    target.remove(metric_name_label);
    const std::vector<std::string> names{std::string(series.get(metric_name_label))};
    at->second.rules = rules::early_readers(plan_->groups, target, names);
  }
  return at->second.rules;
}

// --- what the API shows ---

api::Watch MetricsPath::watch() {
  return {head_,
          links_.now,
          [this] { return is_ready_.load(); },
          [this] { return is_ending_.load(); },
          [this](std::function<void()> task) { return asker_.run(std::move(task)); },
          [this] { return targets(); },
          [this] { return targets_.dropped; },
          [this] { return groups(); },
          [this] { return remotes_.views(); },
          [this](std::string block, auto done) { return writes_.offer(std::move(block), std::move(done)); },
          &writes_.counts()};
}

std::vector<api::TargetView> MetricsPath::targets() const {
  std::map<Labels, scrape::TargetStatus> statuses;
  for (scrape::TargetStatus& status : scraper_.statuses()) statuses.emplace(status.labels, std::move(status));
  std::vector<api::TargetView> views;
  for (const scrape::FoundTarget& found : targets_.active) {
    const scrape::Target& target = found.target;
    const scrape::TargetStatus& status = statuses[target.labels];
    views.push_back({found.job, found.discovered, target.labels, target.url, status.is_up, status.last_at, status.took,
                     target.interval, target.timeout, status.last_error});
  }
  return views;
}

api::RuleGroups MetricsPath::groups() const {
  api::RuleGroups groups{plan_, {}};
  groups.views.reserve(plan_->groups.size());
  std::map<std::string, query::GroupStatus> statuses;
  for (query::GroupStatus& status : asker_.statuses()) statuses.emplace(status.key, std::move(status));
  for (std::size_t i = 0; i < plan_->groups.size(); ++i) {
    query::GroupStatus& status = statuses[plan_->groups[i].key];
    groups.views.push_back({plan_->sources[i], plan_->groups[i], status.evaluated_at, status.took, status.missed_count,
                            status.failure_count, std::move(status.rules)});
  }
  return groups;
}

// --- our own series ---

void MetricsPath::append(std::vector<scrape::OwnSample> samples) {
  if (!is_ready_) return;
  std::erase_if(samples, [this](const scrape::OwnSample& sample) {
    return !plan_->reads(sample.labels, std::string(sample.labels.get(metric_name_label)));
  });
  scraper_.append_own(samples);
  for (const scrape::OwnSample& sample : samples) asker_.arrived(readers_of(sample.labels), links_.now());
}

// The two sources are asked only while somebody reads them, for they have an `up` too.
void MetricsPath::configure_own() {
  const Labels own = own_target("watchbill", settings_.own_address);
  const Labels host = own_target("node", settings_.own_host);
  if (own_samples().empty()) scraper_.remove_internal(own);
  else scraper_.add_internal({own, own_interval, [this](Instant) { return own_samples(); }});
  if (host_samples(links_.now()).empty()) scraper_.remove_internal(host);
  else scraper_.add_internal({host, host_interval, [this](Instant now) { return host_samples(now); }});
}

std::vector<scrape::OwnSample> MetricsPath::own_samples() const {
  using Entry = metrics::exposition::TextParser::Entry;
  ReadNames read(*plan_, own_target("watchbill", settings_.own_address));
  std::vector<scrape::OwnSample> out;
  const std::string page = links_.own_page();
  metrics::exposition::TextParser parser(page);
  for (Entry entry = parser.next(); entry != Entry::end && entry != Entry::malformed; entry = parser.next())
    if (entry == Entry::sample && read.has(parser.metric_name())) out.push_back({parser.labels(), parser.value()});
  return out;
}

std::vector<scrape::OwnSample> MetricsPath::host_samples(Instant now) {
  ReadNames read(*plan_, own_target("node", settings_.own_host));
  scrape::HostMetrics seen;
  static_cast<void>(host_.read(now, seen));
  std::vector<scrape::OwnSample> out;
  for (scrape::HostSample& sample : seen.samples) {
    if (!read.has(sample.name)) continue;
    sample.labels.set(metric_name_label, sample.name);
    out.push_back({std::move(sample.labels), sample.value});
  }
  return out;
}

}  // namespace watchbill::app::watch
