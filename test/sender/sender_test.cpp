// What the sender sends and notes, case by case; the storms are in simulation_test.cpp.
#include "metrics/sender/sender.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>

#include "metrics/tsdb/sample_log.h"
#include "sender/receiver.h"
#include "tsdb/simulated_files.h"

namespace watchbill::metrics::sender {
namespace {

constexpr Instant start{1'700'000'000'000};

RelabelConfiguration rule(RelabelAction action, const std::string& source, const std::string& regex) {
  RelabelConfiguration out;
  out.action = action;
  if (!source.empty()) out.source_labels = {source};
  out.regex = regex;
  return out;
}

class sender : public ::testing::Test {
 protected:
  sender() {
    terms_.identity = "the remote";
    terms_.fingerprint = "f";
    terms_.queue.samples_per_request = 4;
    terms_.queue.capacity = 16;
    terms_.queue.shard_count_max = 1;
    EXPECT_TRUE(log_.load(start).has_value());
  }

  Sender::Links links_to(ports::FilesPort& files) {
    return {files, "samples", [this] { return families_; },
            [this](std::uint64_t number, std::size_t count_max) { return exemplars_.arrived_from(number, count_max); }};
  }
  void note_exemplar(const std::string& series, int number) {
    EXPECT_EQ(exemplars_.add(Labels({{"__name__", "m"}, {"s", series}}),
                             {Labels({{"trace", std::to_string(number)}}), 1, start + Duration::seconds(number), true}),
              tsdb::ExemplarStore::Taken::stored);
  }
  void make(bool is_start = true) {
    sender_.emplace(terms_, links_to(disk_),
                    LogEnd{{log_.open_position(), 0}, is_start}, now_);
  }
  void write(const std::string& series, double value, Duration at = {}) {
    EXPECT_TRUE(head_.append(Labels({{"__name__", "m"}, {"s", series}}), start + at, value).has_value());
  }
  void flush() { ASSERT_TRUE(log_.flush(now_).has_value()); }

  // One turn; the calls wait in `calls_`, what is said in `said_`.
  void step(std::vector<Answer> answers = {}) {
    Sender::Turn turn = sender_->step(now_, answers, now_);
    for (Call& call : turn.calls) calls_.push_back(std::move(call));
    said_.insert(said_.end(), turn.said.begin(), turn.said.end());
    wake_at_ = turn.wake_at;
  }
  // Answers the oldest call so.
  void answer(std::uint32_t status, Duration retry_after = {}, bool was_sent = true) {
    ASSERT_FALSE(calls_.empty());
    Answer answer{
        calls_.front().id, status, was_sent, retry_after, Duration::milliseconds(10), "it says " + std::to_string(status)};
    calls_.erase(calls_.begin());
    step({answer});
  }
  // Everything is taken until nothing more comes.
  void let_all_go() {
    for (int i = 0; i < 100; ++i) {
      step();
      if (calls_.empty()) return;
      answer(receiver_.take(calls_.front().body));
    }
  }
  [[nodiscard]] std::string body_of_next() const { return calls_.empty() ? "" : calls_.front().body; }

  SimulatedFiles disk_;
  tsdb::Head head_;
  tsdb::SampleLog log_{head_, disk_, "samples"};
  Terms terms_;
  FamilyList families_;
  tsdb::ExemplarStore exemplars_{5};
  Receiver receiver_;
  std::optional<Sender> sender_;
  std::vector<Call> calls_;
  std::vector<std::string> said_;
  Instant now_{start};
  Instant wake_at_;
};

TEST_F(sender, begins_at_the_present_and_notes_it) {
  write("old", 1);
  flush();
  make(false);
  step();
  EXPECT_TRUE(calls_.empty());
  EXPECT_EQ(disk_.files.size(), 2U) << "a crash before the first sample must not lose the place";
  write("new", 2);
  flush();
  let_all_go();
  EXPECT_EQ(receiver_.samples_of.size(), 1U);
  EXPECT_EQ(receiver_.samples_of.count("m{s=\"new\"}"), 1U);
}

TEST_F(sender, adds_external_labels_where_there_are_none_and_relabels_after_that) {
  terms_.external_labels = Labels({{"s", "never"}, {"site", "lab"}});
  const std::vector<RelabelConfiguration> rules{rule(RelabelAction::drop, "s", "b"), rule(RelabelAction::drop, "site", "other")};
  terms_.relabel = relabel::Rules::compile(rules).value();
  make();
  for (const std::string series : {"a", "b", "c"}) write(series, 1);
  flush();
  let_all_go();
  EXPECT_EQ(receiver_.samples_of.size(), 2U);
  EXPECT_EQ(receiver_.samples_of.count("m{s=\"a\", site=\"lab\"}"), 1U);
  EXPECT_EQ(sender_->figures().dropped.samples, 1U);
  EXPECT_EQ(sender_->figures().sent.samples, 2U);
  EXPECT_EQ(sender_->figures().pending.all(), 0U);
}

TEST_F(sender, sends_the_marks_of_ended_series_to_the_bit) {
  make();
  write("a", tsdb::stale_marker());
  flush();
  let_all_go();
  ASSERT_EQ(receiver_.samples_of["m{s=\"a\"}"].size(), 1U);
  EXPECT_TRUE(tsdb::is_stale(receiver_.samples_of["m{s=\"a\"}"].front().value));
}

TEST_F(sender, sends_native_histograms_where_they_are_wanted) {
  const histogram::Histogram value;
  for (const bool is_wanted : {false, true}) {
    SCOPED_TRACE(is_wanted);
    terms_.identity = is_wanted ? "wants them" : "does not";
    terms_.sends_histograms = is_wanted;
    make(false);
    step();
    ASSERT_TRUE(head_.append(Labels({{"__name__", "h"}, {"s", is_wanted ? "1" : "0"}}), start, value).has_value());
    flush();
    let_all_go();
    EXPECT_EQ(receiver_.histogram_count, is_wanted ? 1U : 0U);
    EXPECT_EQ(sender_->figures().sent.histograms, is_wanted ? 1U : 0U);
    EXPECT_EQ(sender_->figures().dropped.histograms, is_wanted ? 0U : 1U);
  }
}

TEST_F(sender, tries_again_later_and_later) {
  terms_.queue.backoff_min = Duration::milliseconds(100);
  terms_.queue.backoff_max = Duration::milliseconds(300);
  make();
  write("a", 1);
  flush();
  step();
  const std::string body = body_of_next();
  for (const std::int64_t wait : {100, 200, 300, 300}) {
    answer(503);
    EXPECT_TRUE(calls_.empty());
    EXPECT_EQ(wake_at_, now_ + Duration::milliseconds(wait));
    now_ = wake_at_;
    step();
    EXPECT_EQ(body_of_next(), body);
  }
  answer(503, Duration::seconds(7));
  EXPECT_EQ(wake_at_ , std::min(now_ + Duration::seconds(7), start + ShardCount::interval)) << "as the far side asks";
  now_ = now_ + Duration::seconds(7);
  step();
  answer(0, {}, false);
  now_ = now_ + Duration::seconds(1);
  step();
  answer(204);
  EXPECT_EQ(sender_->figures().retried.samples, 6U);
  EXPECT_EQ(sender_->figures().sent.samples, 1U);
  EXPECT_EQ(said_, (std::vector<std::string>{"it says 503; it is tried again until it goes", "it takes samples again"}));
}

TEST_F(sender, drops_what_is_refused_for_good_and_goes_on) {
  make();
  for (const std::uint32_t status : {400U, 401U, 404U, 429U}) {
    write("a", status, Duration::milliseconds(status));
    flush();
    step();
    answer(status);
    EXPECT_TRUE(calls_.empty());
  }
  EXPECT_EQ(sender_->figures().failed.samples, 4U);
  ASSERT_EQ(said_.size(), 1U) << "until something is taken";
  EXPECT_EQ(said_.front(), "it says 400; what it refuses is dropped, 1 sample now");
  terms_.queue.retries_429 = true;
  make(false);
  write("a", 1, Duration::seconds(1));
  flush();
  step();
  answer(429);
  EXPECT_EQ(sender_->figures().failed.samples, 0U);
  EXPECT_EQ(sender_->figures().retried.samples, 1U);
}

TEST_F(sender, says_that_samples_are_dropped_also_while_it_says_that_others_are_tried_again) {
  make();
  write("a", 1);
  flush();
  step();
  answer(503);
  now_ = now_ + Duration::seconds(1);
  step();
  answer(401);
  EXPECT_EQ(said_, (std::vector<std::string>{"it says 503; it is tried again until it goes",
                                             "it says 401; what it refuses is dropped, 1 sample now"}));
}

TEST_F(sender, says_how_much_of_a_repeat_is_refused) {
  make();
  for (const char* series : {"a", "b", "c"}) write(series, 1);
  flush();
  step();
  ASSERT_EQ(calls_.size(), 1U);
  calls_.clear();  // taken, and its answer lost with us
  make(false);
  step();
  answer(400);
  EXPECT_EQ(said_, (std::vector<std::string>{
                       "it says 400; 3 samples were repeated after an interruption: most likely it has them"}));
  EXPECT_EQ(sender_->figures().refused_repeats.samples, 3U);
  write("a", 2, Duration::seconds(2));
  flush();
  let_all_go();
  EXPECT_EQ(said_.size(), 1U) << "nothing was away";
}

TEST_F(sender, a_redirect_loses_nothing) {
  make();
  write("a", 1);
  flush();
  step();
  answer(302);
  EXPECT_EQ(sender_->figures().failed.samples, 0U);
  EXPECT_EQ(sender_->figures().retried.samples, 1U);
}

TEST_F(sender, repeats_the_same_requests_after_a_crash) {
  terms_.queue.capacity = 64;
  make();
  for (int i = 0; i < 10; ++i) {
    write(std::to_string(i % 3), i, Duration::seconds(i));
    if (i % 4 == 3) flush();
  }
  flush();
  step();
  const std::string first = body_of_next();
  ASSERT_FALSE(first.empty());
  calls_.clear();
  write("1", 99, Duration::seconds(99));
  flush();
  make(false);
  step();
  EXPECT_EQ(body_of_next(), first) << "though the log has more now";
  EXPECT_EQ(receiver_.take(first), 204U) << "its answer was lost with us";
  let_all_go();
  EXPECT_EQ(sender_->figures().failed.all(), 0U);
  std::size_t count = 0;
  for (const auto& [labels, samples] : receiver_.samples_of) count += samples.size();
  EXPECT_EQ(count, 11U);
}

TEST_F(sender, says_how_much_left_the_log_before_it_was_sent) {
  make();
  write("a", 1);
  flush();
  step();
  answer(204);
  now_ = now_ + Duration::seconds(2);
  step();
  now_ = now_ + Duration::hours(2);
  head_.advance(now_);
  write("a", 2, Duration::hours(2));
  flush();
  write("a", 3, Duration::hours(3) - Duration::minutes(57));
  flush();
  disk_.files.erase("samples/000001-000001.log");
  disk_.files["samples/000001-000003.log"] = disk_.files.at("samples/000001-000002.log");
  disk_.files.erase("samples/000001-000002.log");
  make(false);
  said_.clear();
  let_all_go();
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_NE(said_.front().find("the samples of 2h3m"), std::string::npos) << said_.front();
  EXPECT_EQ(sender_->figures().gaps, 1U);
  EXPECT_EQ(sender_->figures().sent.samples, 1U);
}

TEST_F(sender, a_damaged_note_costs_repeats_and_no_sample) {
  make();
  write("a", 1);
  flush();
  let_all_go();
  now_ = now_ + Duration::seconds(2);
  step();
  for (auto& [path, bytes] : disk_.files)
    if (path.ends_with(".progress")) bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write("a", 2, Duration::seconds(2));
  flush();
  make(false);
  let_all_go();
  EXPECT_EQ(receiver_.samples_of["m{s=\"a\"}"].size(), 2U);
  ASSERT_FALSE(said_.empty());
  EXPECT_NE(said_.front().find("is damaged: all that the log has is sent again"), std::string::npos) << said_.front();
}

TEST_F(sender, sends_nothing_that_it_cannot_note_and_says_so_once) {
  make();
  step();
  struct Full final : ports::FilesPort {
    explicit Full(SimulatedFiles& its_files) : files(its_files) {}
    Result<std::vector<std::string>> list(const std::string& folder) override { return files.list(folder); }
    Result<std::string> read(const std::string& path, std::uint64_t bytes_max) override { return files.read(path, bytes_max); }
    Result<std::string> read_part(const std::string& path, std::uint64_t offset, std::uint64_t bytes_max) override {
      return files.read_part(path, offset, bytes_max);
    }
    Status append(const std::string& path, std::string_view bytes) override { return files.append(path, bytes); }
    Status replace(const std::string& path, std::string_view bytes) override {
      if (is_full) return Error{ErrorKind::exhausted, "write", path, "No space left on device"};
      return files.replace(path, bytes);
    }
    Result<ports::MappedBytes> map(const std::string& path) override { return files.map(path); }
    Status rename(const std::string& path, const std::string& new_path) override { return files.rename(path, new_path); }
    Status remove(const std::string& path) override { return files.remove(path); }
    SimulatedFiles& files;
    bool is_full{true};
  } full(disk_);
  sender_.emplace(terms_, links_to(full), LogEnd{{log_.open_position(), 0}, true},
                  now_);
  write("a", 1);
  flush();
  for (int i = 0; i < 3; ++i) {
    step();
    EXPECT_TRUE(calls_.empty());
    now_ = now_ + Duration::seconds(5);
  }
  ASSERT_EQ(said_.size(), 1U) << said_.back();
  EXPECT_NE(said_.front().find("No space left on device; nothing new is sent until it goes"), std::string::npos);
  full.is_full = false;
  let_all_go();
  EXPECT_EQ(receiver_.samples_of.size(), 1U);
}

TEST_F(sender, tells_of_families_each_interval) {
  families_ = FamilyList(7, {"m", {"gauge", "h", "u"}});
  terms_.families_per_request = 3;
  make();
  step();
  EXPECT_TRUE(calls_.empty());
  now_ = now_ + terms_.metadata_interval;
  let_all_go();
  EXPECT_EQ(receiver_.families.size(), 7U);
  EXPECT_EQ(receiver_.request_count, 3U);
  EXPECT_EQ(sender_->figures().families_sent, 7U);
  now_ = now_ + terms_.metadata_interval;
  let_all_go();
  EXPECT_EQ(receiver_.families.size(), 14U);
}

TEST_F(sender, tells_of_exemplars_behind_the_samples_of_their_series) {
  terms_.sends_exemplars = true;
  terms_.queue.samples_per_request = 2;
  terms_.external_labels = Labels(std::vector<Labels::Pair>{{"site", "lab"}});
  make();
  step();
  for (const std::string series : {"a", "b"}) write(series, 1);
  for (int i = 1; i <= 3; ++i) note_exemplar(i == 2 ? "b" : "a", i);
  now_ = now_ + terms_.flush_interval;
  step();
  EXPECT_TRUE(calls_.empty()) << "their samples are not in the log yet";
  flush();
  for (int i = 0; i < 4; ++i) {
    now_ = now_ + terms_.flush_interval;
    let_all_go();
  }
  const std::string a = R"(m{s="a", site="lab"} {trace=")", b = R"(m{s="b", site="lab"} {trace=")";
  const auto at = [](int i) { return std::to_string(i) + "\"}@" + std::to_string(start.ms + 1000 * i); };
  EXPECT_EQ(receiver_.exemplars, (std::vector<std::string>{a + at(1), b + at(2), a + at(3)}));
  EXPECT_EQ(sender_->figures().exemplars_sent, 3U);
  EXPECT_EQ(receiver_.request_count, 3U) << "one with samples, two with exemplars";
  EXPECT_EQ(sender_->figures().sent.samples, 2U);
}

TEST_F(sender, exemplars_are_tried_again_and_those_that_the_store_forgot_are_counted) {
  terms_.sends_exemplars = true;
  make();
  step();
  for (int i = 1; i <= 3; ++i) note_exemplar("a", i);
  now_ = now_ + terms_.flush_interval;
  step();
  for (int i = 4; i <= 7; ++i) note_exemplar("a", i);  // the store has room for five
  now_ = now_ + terms_.flush_interval * 2;
  step();
  ASSERT_EQ(calls_.size(), 1U);
  EXPECT_EQ(sender_->figures().exemplars_dropped, 2U);
  answer(503);
  EXPECT_TRUE(calls_.empty());
  EXPECT_EQ(wake_at_, now_ + terms_.queue.backoff_min);
  EXPECT_EQ(sender_->figures().exemplars_retried, 1U);
  now_ = wake_at_;
  step();
  ASSERT_EQ(calls_.size(), 1U);
  answer(503, Duration::seconds(7));
  EXPECT_EQ(wake_at_, now_ + Duration::seconds(7)) << "as the receiver asks";
  now_ = wake_at_;
  step();
  ASSERT_EQ(calls_.size(), 1U);
  answer(400);
  EXPECT_EQ(sender_->figures().bytes, 0U) << "nothing was taken";
  EXPECT_EQ(sender_->figures().exemplars_failed, 1U);
  now_ = now_ + terms_.flush_interval * 2;
  step();
  now_ = now_ + terms_.flush_interval * 2;
  step();
  ASSERT_EQ(calls_.size(), 1U) << "what came since goes on";
  EXPECT_TRUE(sender_->is_idle()) << "they are no samples";
  const std::size_t body_bytes = calls_.front().body.size();
  answer(204);
  EXPECT_EQ(sender_->figures().bytes, body_bytes);
  EXPECT_EQ(sender_->figures().exemplars_sent, 4U);
  EXPECT_EQ(sender_->figures().failed.all(), 0U);
}

TEST_F(sender, exemplars_of_series_that_are_dropped_are_not_sent) {
  terms_.sends_exemplars = true;
  terms_.relabel = relabel::Rules::compile(std::vector{rule(RelabelAction::drop, "s", "b")}).value();
  make();
  for (const std::string series : {"a", "b"}) write(series, 1);
  for (int i = 1; i <= 3; ++i) note_exemplar(i == 2 ? "b" : "a", i);
  flush();
  for (int i = 0; i < 8; ++i) {
    let_all_go();
    now_ = now_ + terms_.flush_interval;
  }
  EXPECT_EQ(receiver_.exemplars.size(), 2U);
  EXPECT_EQ(sender_->figures().exemplars_sent, 2U);
  EXPECT_EQ(sender_->figures().exemplars_dropped, 1U);
}

TEST_F(sender, exemplars_wait_a_minute_for_samples_that_nobody_answers) {
  terms_.sends_exemplars = true;
  make();
  write("a", 1);
  note_exemplar("a", 1);  // what is there already is sent, too
  flush();
  step();
  ASSERT_EQ(calls_.size(), 1U) << "with the sample";
  for (const Duration waited : {terms_.flush_interval * 2, terms_.flush_interval * 4}) {
    now_ = start + waited;
    step();
    EXPECT_EQ(calls_.size(), 1U);
    EXPECT_GT(wake_at_, now_) << "it does not look again and again";
  }
  now_ = start + Duration::minutes(1);
  step();
  EXPECT_EQ(calls_.size(), 2U);
}

TEST_F(sender, exemplars_that_were_forgotten_before_it_began_are_not_counted) {
  terms_.sends_exemplars = true;
  for (int i = 1; i <= 7; ++i) note_exemplar("a", i);  // the store has room for five
  make();
  write("a", 1);
  flush();
  for (int i = 0; i < 8; ++i) {
    let_all_go();
    now_ = now_ + terms_.flush_interval;
  }
  EXPECT_EQ(sender_->figures().exemplars_sent, 5U);
  EXPECT_EQ(sender_->figures().exemplars_dropped, 0U);
}

TEST_F(sender, exemplars_are_not_sent_unasked) {
  make();
  step();
  write("a", 1);
  flush();
  note_exemplar("a", 1);
  for (int i = 0; i < 20; ++i) {
    now_ = now_ + terms_.flush_interval;
    let_all_go();
  }
  EXPECT_EQ(receiver_.request_count, 1U);
}

TEST_F(sender, waits_for_others_as_long_as_the_deadline_allows) {
  terms_.queue.deadline = Duration::seconds(65);
  make();
  write("a", 1);
  flush();
  step();
  EXPECT_TRUE(calls_.empty());
  now_ = now_ + Duration::seconds(30);
  write("b", 1, Duration::seconds(30));
  flush();
  step();
  EXPECT_TRUE(calls_.empty());
  now_ = now_ + Duration::seconds(30);
  step();
  EXPECT_EQ(calls_.size(), 1U) << "five seconds it waited for the log";
}

TEST(known_series, a_series_stays_what_it_was_explained_to_be) {
  const Terms terms;
  KnownSeries known(terms);
  known.begin_segment({1, 1});
  const auto explain = [&known](std::uint64_t number) {
    tsdb::LogEncoder encoder;
    encoder.labels(number, tsdb::PackedLabels(Labels({{"__name__", "m"}, {"number", std::to_string(number)}})));
    const std::string record = encoder.take();
    tsdb::LogDecoder entry(record);
    (void)entry.next();
    known.explain(entry);
    return known.find(number);
  };
  const SentSeries* first = explain(1);
  EXPECT_EQ(explain(1), first) << "a log that could not be written explains twice, and samples point at the first";
  known.begin_segment({1, 2});
  EXPECT_EQ(known.find(1), first) << "where its second explanation is damaged";
  EXPECT_EQ(explain(1), first);
  known.begin_segment({2, 1});
  EXPECT_EQ(known.find(1), nullptr) << "another run has other numbers";
}

TEST(progress, comes_back_as_it_was_noted_and_no_other_way) {
  Progress progress;
  progress.identity = "abc";
  progress.newest_ms = -5;
  progress.shard_count = 7;
  progress.at = {{1, 2, 300}, 4};
  progress.groups = {{{{1, 2, 300}, 9}, 7}, {{{2, 1, 0}, 0}, 3}};
  const std::string text = text_of(progress);
  EXPECT_EQ(read_progress(text), progress);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    EXPECT_EQ(read_progress(damaged), std::nullopt) << i;
    EXPECT_EQ(read_progress(text.substr(0, i)), std::nullopt) << i;
  }
}

TEST(shard_count, follows_the_flow_as_prometheus_does) {
  ShardCount count(1, 20, 1);
  // 1000 samples a second, each of which takes 2 ms: two shards' work.
  ShardCount::Flow flow{10'000, 0, 10'000, 20, 5, true};
  count.update(flow);
  EXPECT_NEAR(count.wanted(), 2.5, 1e-9);
  EXPECT_EQ(count.count(), 3U);
  // An hour behind: as many as may be.
  flow.behind_seconds = 3600;
  count.update(flow);
  EXPECT_EQ(count.count(), 20U);
  // Not fewer while it is behind, nor without a success.
  flow = {1000, 0, 1000, 1, 60, true};
  for (int i = 0; i < 60; ++i) count.update(flow);
  EXPECT_EQ(count.count(), 20U);
  flow.behind_seconds = 1;
  flow.was_taken = false;
  count.update(flow);
  EXPECT_EQ(count.count(), 20U);
  flow.was_taken = true;
  count.update(flow);
  EXPECT_EQ(count.count(), 1U);
}

}  // namespace
}  // namespace watchbill::metrics::sender
