#include "app/watch/metrics_path.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "api/metrics.h"
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
constexpr Duration pushed_interval = Duration::seconds(15);
constexpr Duration idle_wait = Duration::seconds(1);
constexpr const char* samples_folder = "samples";

metrics::tsdb::HeadLimits head_limits(const MetricsPath::Settings& settings) {
  metrics::tsdb::HeadLimits limits;
  limits.retention = settings.retention;
  limits.out_of_order_window = settings.out_of_order_window;
  limits.exemplar_count_max = settings.exemplar_count_max.value_or(limits.exemplar_count_max);
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

// The families of our own page, which what is pushed must not contradict.
metrics::push::Groups::Reserved reserved_families() {
  using metrics::exposition::FamilyType;
  metrics::push::Groups::Reserved reserved;
  for (const api::DeclaredMetric& metric : api::declared_metrics())
    for (const FamilyType type : {FamilyType::counter, FamilyType::gauge, FamilyType::histogram})
      if (word(type) == metric.type) reserved.emplace(metric.name, type);
  return reserved;
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

using Complain = std::function<void(const std::string&)>;

// What of the log's troubles was said already.
struct SaidTroubles {
  std::uint64_t lost_bytes{0};
  bool is_any_kept{false};  // a segment that could not be removed
};

// Of samples that no log has, and of segments that stay without need.
void say_troubles(const metrics::tsdb::SampleLog& log, const metrics::tsdb::Head& head, SaidTroubles& said,
                  const Complain& complain) {
  const std::uint64_t lost_bytes = log.lost_bytes() + head.statistics().log_forgotten_bytes;
  if (const std::uint64_t more = lost_bytes - std::exchange(said.lost_bytes, lost_bytes); more != 0)
    complain("samples: " + std::to_string(more) +
             " bytes of them never reached the log, because the disk was too slow or full; a crash before a block holds them "
             "would lose them, and remote write is answered 503 until then");
  const std::optional<Error>& kept = log.removal_failure();
  if (kept && !said.is_any_kept)
    complain("samples: " + kept->text() + "; it takes room on the disk until it goes, samples are written as before");
  said.is_any_kept = kept.has_value();
}

void say_loaded(const metrics::tsdb::LoadReport& report, const Complain& complain) {
  for (const metrics::tsdb::DamagedRange& range : report.damaged)
    complain("samples: " + range.file + ": " + std::to_string(range.bytes) + " bytes from " +
                    std::to_string(range.offset) + " on are damaged and left out");
  for (const Error& error : report.unreadable) complain("samples: " + error.text());
  if (report.unexplained_count != 0)
    complain("samples: " + std::to_string(report.unexplained_count) +
                    " samples of the log are left out, because the labels of their series were in what is damaged");
  if (report.refused_count != 0)
    complain("samples: " + std::to_string(report.refused_count) +
                    " samples of the log are left out, because the store refuses them now: one of its limits was lowered");
}

// For what rules take, whatever clock the engine follows.
std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

MetricsPath::MetricsPath(Links links, Settings settings)
    : links_(std::move(links)),
      settings_(std::move(settings)),
      pool_size_(pool_size()),
      head_(head_limits(settings_)),
      files_(settings_.data),
      log_(head_, files_, samples_folder),
      remotes_({links_.client, head_, links_.now, links_.complain}, settings_.data, samples_folder),
      blocks_({head_, log_, links_.now, links_.complain}, settings_.data, samples_folder, settings_.retention_bytes),
      asker_({head_, links_.now, [this](Command command, auto done) { offer(std::move(command), std::move(done)); },
              [this] { return readiness(); }, [this] { wake(); }},
             {text_template::AnnotationScope({}, settings_.external_url), {}}, asker_limits(settings_.debounce, pool_size_)),
      scraper_({links_.loop, links_.client, head_, links_.now, [this](const scrape::TargetSeries& series) { stored(series); }}),
      writes_({head_, [this] { return flush(); },
               [this](std::span<const rules::RulePlace> readers) { asker_.arrived(readers, links_.now()); }}),
      push_files_(settings_.data),
      pushes_({push_files_, head_, links_.now, [this] { links_.loop.post([this] { configure_pushed(); }); }, links_.complain},
              reserved_families()),
      finder_({links_.loop, links_.client, [this] { take_targets(); }, links_.complain, settings_.files_seen_from}),
      plan_(std::make_shared<MetricsPlan>()) {}

MetricsPath::~MetricsPath() { stop(); }

void MetricsPath::start(std::shared_ptr<const MetricsPlan> plan) {
  plan_ = std::move(plan);
  finder_.read_files(plan_->jobs);
  keeper_ = std::thread([this] { keep_samples(); });
  writer_ = std::thread([this] { writes_.run(); });
  pusher_ = std::thread([this] { pushes_.run(); });
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
  pushes_.stop();
  if (pusher_.joinable()) pusher_.join();
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
  if (!load()) return;
  blocks_.start();
  links_.loop.post([this] { begin(); });
  bool is_failing = false;
  SaidTroubles said;
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
      say_troubles(log_, head_, said, links_.complain);
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
  if (needed) log_.keep_from(needed->position);
  else log_.keep_from(std::nullopt);
}

// Tries until it goes: who took samples without knowing what is on the disk would lose them, or overwrite what is there. False
// when it is time to end before that.
bool MetricsPath::load() {
  std::optional<BlockKeeper::Opened> opened;
  std::optional<metrics::tsdb::LoadReport> report;
  for (bool is_said = false; !report;) {
    std::optional<Error> failure;
    if (!opened) {
      Result<BlockKeeper::Opened> tried = blocks_.open();
      if (tried) opened = *tried;
      else failure = tried.error();
    }
    if (opened) {
      Result<metrics::tsdb::LoadReport> tried = log_.load(links_.now(), opened->covered);
      if (tried) report = std::move(*tried);
      else failure = tried.error();
    }
    if (!failure) continue;
    if (!std::exchange(is_said, true))
      links_.complain("samples: " + failure->text() +
                      "; nothing is scraped, taken or evaluated until it goes, which is tried every " +
                      format_duration(flush_interval));
    if (!wait_a_moment(flush_interval)) return false;
  }
  say_loaded(*report, links_.complain);
  const bool is_anything_there = report->sample_count > 0 || !opened->is_empty;
  const bool is_whole = report->damaged.empty() && report->unreadable.empty() && report->unexplained_count == 0 &&
                        report->refused_count == 0 && opened->is_whole && is_anything_there;
  remotes_.begin(log_);
  keep_for_remotes();
  const std::lock_guard lock(mutex_);
  complete_since_ = is_whole ? Instant{} : links_.now();
  return true;
}

rules::StoreReadiness MetricsPath::readiness() const {
  const std::lock_guard lock(mutex_);
  return {complete_since_, unscraped_, started_};
}

// --- the bill ---

void MetricsPath::begin() {
  if (is_ending_) return;  // who was told to end while stored samples were loaded asks nobody any more
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
  configure_pushed();
  finder_.configure(plan_->jobs);
  take_targets();
  if (const Status configured = remotes_.configure(plan_->remotes, plan_->external_labels); !configured)
    links_.complain("remote write: " + configured.error().text());
  writes_.configure(plan_);
  const text_template::AnnotationScope scope(plan_->external_labels, settings_.external_url);
  asker_.configure(plan_->groups, [this](const RuleId& rule) { return inherit(rule); },
                   std::make_shared<const rules::Surroundings>(rules::Surroundings{scope, {}, false, steady_us}));
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
          &writes_.counts(),
          {[this](api::PushAsk ask, auto done) { return pushes_.offer(std::move(ask), std::move(done)); },
           [this] { return pushes_.groups(); }, &pushes_.counts()},
          [this] { return finder_.counts(); },
          [this] { return log_.lost_bytes(); }};
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
    groups.views.push_back({plan_->sources[i], plan_->groups[i], status.evaluated_at, status.took_us, status.missed_count,
                            status.failure_count, std::move(status.rules)});
  }
  return groups;
}

// --- our own series ---

void MetricsPath::append(const std::vector<scrape::OwnSample>& samples) {
  if (!is_ready_) return;
  scraper_.append_own(samples);
  for (const scrape::OwnSample& sample : samples) asker_.arrived(readers_of(sample.labels), links_.now());
}

// A source that gives nothing is not asked, for it would have an `up` all the same.
void MetricsPath::configure_own() {
  const Labels own = own_target("watchbill", settings_.own_address);
  const Labels host = own_target("node", settings_.own_host);
  if (own_samples().empty()) scraper_.remove_internal(own);
  else scraper_.add_internal({own, own_interval, [this](Instant) { return own_samples(); }});
  if (host_samples(links_.now()).empty()) scraper_.remove_internal(host);
  else scraper_.add_internal({host, host_interval, [this](Instant now) { return host_samples(now); }});
}

// What was pushed is read at each interval as if it were scraped with honor_labels, while there is any; a group that is removed
// ends at the next one.
void MetricsPath::configure_pushed() {
  if (is_ending_ || started_ == Instant::never()) return;  // begin() will
  const Labels target = own_target("pushgateway", settings_.own_address);
  if (pushes_.groups().empty()) return scraper_.remove_internal(target);
  const auto read = [this](Instant) {
    std::vector<scrape::OwnSample> out;
    for (const auto& group : pushes_.groups())
      for (metrics::push::PushedSample& sample : metrics::push::samples_of(*group))
        out.push_back({std::move(sample.labels), sample.value, std::move(sample.histogram)});
    return out;
  };
  scraper_.add_internal({target, pushed_interval, read, true});
}

// All of the page, but refusals that never happened: there is a series for each reason in each area, ten times as many as of all
// else. A rule that reads them gets the zeros too, since the first refusal must be seen as a rise.
std::vector<scrape::OwnSample> MetricsPath::own_samples() const {
  using Entry = metrics::exposition::TextParser::Entry;
  constexpr std::string_view refusals = "watchbill_refusals_total";
  std::vector<scrape::OwnSample> out;
  const std::string page = links_.own_page();
  metrics::exposition::TextParser parser(page);
  ReadNames read(*plan_, own_target("watchbill", settings_.own_address));
  const auto is_kept = [&] {
    const bool may_be_left_out = !plan_->keeps_own || (parser.metric_name() == refusals && parser.value() == 0);
    return !may_be_left_out || read.has(parser.metric_name());
  };
  for (Entry entry = parser.next(); entry != Entry::end && entry != Entry::malformed; entry = parser.next())
    if (entry == Entry::sample && is_kept()) out.push_back({parser.labels(), parser.value(), {}});
  return out;
}

std::vector<scrape::OwnSample> MetricsPath::host_samples(Instant now) {
  ReadNames read(*plan_, own_target("node", settings_.own_host));
  scrape::HostMetrics seen;
  static_cast<void>(host_.read(now, seen));
  std::vector<scrape::OwnSample> out;
  for (scrape::HostSample& sample : seen.samples) {
    if (!plan_->keeps_own && !read.has(sample.name)) continue;
    sample.labels.set(metric_name_label, sample.name);
    out.push_back({std::move(sample.labels), sample.value, {}});
  }
  return out;
}

}  // namespace watchbill::app::watch
