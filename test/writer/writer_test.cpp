// A remote of the bill as it is known again, and its writer against a client that a test answers for.
#include "drivers/remote/writer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "drivers/files/disk_files.h"
#include "metrics/tsdb/sample_log.h"

namespace watchbill::drivers::remote {
namespace {

constexpr Instant start{1'700'000'000'000};

RemoteWriteConfiguration to(const std::string& url, const std::string& name = {}) {
  RemoteWriteConfiguration out;
  out.url = url;
  out.name = name;
  return out;
}

TEST(remotes, are_known_again_by_name_or_else_by_url_and_place) {
  const std::vector<RemoteWriteConfiguration> first{to("http://a/", "x"), to("http://a/"), to("http://a/"), to("http://b/")};
  const std::vector<RemoteWriteConfiguration> second{to("http://b/"), to("http://c/", "x"), to("http://a/")};
  const std::vector<Remote> before = remotes_of(first, {}).value();
  const std::vector<Remote> after = remotes_of(second, {}).value();
  EXPECT_EQ(before[0].label, "x");
  EXPECT_EQ(before[1].label.size(), 6U);
  EXPECT_NE(before[1].terms->identity, before[2].terms->identity);
  EXPECT_EQ(after[0].terms->identity, before[3].terms->identity);
  EXPECT_EQ(after[1].terms->identity, before[0].terms->identity);
  EXPECT_EQ(after[2].terms->identity, before[1].terms->identity);
  EXPECT_TRUE(is_same(after[0], before[3]));
  EXPECT_FALSE(is_same(after[1], before[0])) << "it goes elsewhere";
}

TEST(remotes, say_by_their_fingerprint_whether_requests_are_the_same) {
  const auto fingerprint = [](const RemoteWriteConfiguration& written, const Labels& external = {}) {
    return remotes_of(std::vector{written}, external).value().front().terms->fingerprint;
  };
  const RemoteWriteConfiguration plain = to("http://a/");
  RemoteWriteConfiguration other = plain;
  other.timeout = Duration::seconds(1);
  other.queue.shard_count_max = 1000;
  EXPECT_EQ(fingerprint(other), fingerprint(plain));
  EXPECT_EQ(remotes_of(std::vector{other}, {}).value().front().terms->queue.shard_count_max, shards_max);
  other.queue.samples_per_request = 7;
  EXPECT_NE(fingerprint(other), fingerprint(plain));
  other = plain;
  other.sends_histograms = true;
  EXPECT_NE(fingerprint(other), fingerprint(plain));
  other = plain;
  other.relabel.push_back({.action = RelabelAction::drop, .source_labels = {"a"}});
  EXPECT_NE(fingerprint(other), fingerprint(plain));
  EXPECT_NE(fingerprint(plain, Labels({{"a", "b"}, {"c", "d"}})), fingerprint(plain));
}

TEST(remotes, at_one_host_share_the_requests_that_may_go_there) {
  std::vector<RemoteWriteConfiguration> written{to("http://a/1"), to("http://A:80/2"), to("http://a:81/"), to("https://a/"),
                                                to("http://[::1]/"), to("http://[::1]:80/x")};
  for (RemoteWriteConfiguration& each : written) each.queue.shard_count_max = each.queue.shard_count_min = 200;
  std::string shares;
  const std::vector<Remote> remotes = remotes_of(written, {}).value();
  for (const Remote& each : remotes) {
    EXPECT_EQ(each.terms->queue.shard_count_min, each.terms->queue.shard_count_max);
    shares += std::to_string(each.terms->queue.shard_count_max) + " ";
  }
  EXPECT_EQ(shares, "25 25 50 50 25 25 ");
  // Who gets a neighbour goes on with fewer.
  EXPECT_FALSE(is_same(remotes[0], remotes_of(std::span(written).first(1), {}).value()[0]));
  const std::vector<RemoteWriteConfiguration> many(60, to("http://a/"));
  EXPECT_EQ(remotes_of(many, {}).value().back().terms->queue.shard_count_max, 1U);
}

// Keeps calls until the test answers them.
class Client final : public ports::HttpClient {
 public:
  ports::HttpCallId start(ports::HttpCall call, ports::HttpDone done) override {
    const std::lock_guard lock(mutex_);
    waiting_.emplace_back(std::move(call), std::move(done));
    return ports::HttpCallId{++count_};
  }
  void cancel(ports::HttpCallId /*id*/) override {}

  std::string body{"because\nof this"};  // of answers

  // The oldest call, answered so; an empty URL when none came within 10 s.
  ports::HttpCall answer(std::uint32_t status, ports::HttpFields headers = {}) {
    for (int i = 0; i < 1000; ++i, std::this_thread::sleep_for(std::chrono::milliseconds(10))) {
      std::pair<ports::HttpCall, ports::HttpDone> next;
      {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty()) continue;
        next = std::move(waiting_.front());
        waiting_.erase(waiting_.begin());
      }
      next.second(ports::HttpAnswer{status, std::move(headers), body, Duration::milliseconds(3)});
      return next.first;
    }
    return {};
  }
  [[nodiscard]] std::uint64_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  mutable std::mutex mutex_;
  std::uint64_t count_{0};
  std::vector<std::pair<ports::HttpCall, ports::HttpDone>> waiting_;
};

class writer : public ::testing::Test {
 protected:
  writer() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    EXPECT_TRUE(log_.load(start).has_value());
    links_.emplace(Writer::Links{client_,
                                 [this] { return std::make_unique<files::DiskFiles>(folder_); },
                                 "samples",
                                 [] { return start; },
                                 [](const HttpClientConfiguration&, ports::HttpCall& call) {
                                   call.headers.push_back({"Authorization", "Bearer geheim"});
                                   return Status();
                                 },
                                 [this](const std::string&) { return environment(); },
                                 [] { return metrics::sender::FamilyList(); },
                                 {},
                                 [] { return start; },
                                 [this](const std::string& text) { complain(text); }});
  }
  ~writer() override { std::filesystem::remove_all(folder_); }

  void begin(RemoteWriteConfiguration written) {
    writer_.emplace(*links_, remotes_of(std::vector{std::move(written)}, {}).value().front(),
                    metrics::sender::LogEnd{{log_.open_position(), 0}, true}, nullptr);
    ASSERT_TRUE(head_.append(Labels({{"__name__", "m"}, {"a", "b"}}), start, 1).has_value());
    ASSERT_TRUE(log_.flush(start).has_value());
    writer_->wake();
  }
  [[nodiscard]] bool eventually(const std::function<bool()>& condition) {
    for (int i = 0; i < 1000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return condition();
  }
  [[nodiscard]] std::optional<std::string> environment() {
    const std::lock_guard lock(mutex_);
    return environment_;
  }
  void complain(const std::string& text) {
    const std::lock_guard lock(mutex_);
    said_ += text + "\n";
  }
  [[nodiscard]] std::string said() {
    const std::lock_guard lock(mutex_);
    return said_;
  }

  const std::string folder_{::testing::TempDir() + "wb_writer"};
  files::DiskFiles files_{folder_};
  metrics::tsdb::Head head_;
  metrics::tsdb::SampleLog log_{head_, files_, "samples"};
  std::mutex mutex_;
  std::optional<std::string> environment_{"tenant-1"};
  std::string said_;
  Client client_;
  std::optional<Writer::Links> links_;
  std::optional<Writer> writer_;
};

TEST_F(writer, speaks_the_protocol_with_the_headers_of_the_bill) {
  RemoteWriteConfiguration written = to("http://a/write", "far");
  written.headers = {{"X-Scope-OrgID", "env:TENANT"}, {"X-Plain", "text"}};
  written.timeout = Duration::seconds(7);
  begin(written);
  const ports::HttpCall call = client_.answer(204);
  EXPECT_EQ(call.url, "http://a/write");
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.timeout, Duration::seconds(7));
  EXPECT_TRUE(call.cuts_body) << "a long answer is an answer";
  EXPECT_FALSE(call.body.empty());
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"content-encoding", "snappy"}, {"content-type", "application/x-protobuf"},
           {"x-prometheus-remote-write-version", "0.1.0"}, {"x-scope-orgid", "tenant-1"}, {"x-plain", "text"},
           {"authorization", "Bearer geheim"}}) {
    const std::string* field = ports::find_field(call.headers, name);
    ASSERT_NE(field, nullptr) << name;
    EXPECT_EQ(*field, value);
  }
  EXPECT_TRUE(eventually([this] { return writer_->figures().sent.samples == 1; }));
  EXPECT_TRUE(eventually([this] { return writer_->needed_from() > metrics::tsdb::LogPlace{{1, 1, 0}, 0}; }));
  EXPECT_EQ(said(), "");
}

TEST_F(writer, says_what_the_far_side_says_and_never_a_secret) {
  begin(to("http://a/write", "far"));
  EXPECT_EQ(client_.answer(400).method, "POST");
  EXPECT_TRUE(eventually([this] { return writer_->figures().failed.samples == 1; }));
  EXPECT_EQ(said(), "remote write far: it answers with status 400: because; what it refuses is dropped, 1 sample now\n");
}

TEST_F(writer, an_answer_without_a_text_is_said_without_one) {
  client_.body = "";
  begin(to("http://a/write", "far"));
  EXPECT_EQ(client_.answer(503).method, "POST");
  EXPECT_TRUE(eventually([this] { return !said().empty(); }));
  EXPECT_EQ(said(), "remote write far: it answers with status 503; it is tried again until it goes\n");
}

TEST_F(writer, waits_for_a_secret_that_is_not_there) {
  environment_.reset();
  RemoteWriteConfiguration written = to("http://a/write", "far");
  written.headers = {{"X-Scope-OrgID", "env:TENANT"}};
  begin(written);
  EXPECT_TRUE(eventually([this] { return writer_->figures().retried.samples > 0; }));
  EXPECT_EQ(client_.count(), 0U);
  EXPECT_NE(said().find("env:TENANT"), std::string::npos) << said();
}

TEST_F(writer, ends_at_once_with_a_call_under_way) {
  begin(to("http://a/write", "far"));
  EXPECT_TRUE(eventually([this] { return client_.count() == 1; }));
  writer_.reset();
  EXPECT_EQ(client_.answer(204).method, "POST") << "its answer comes to nobody";
}

}  // namespace
}  // namespace watchbill::drivers::remote
