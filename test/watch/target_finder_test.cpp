// Targets of files and servers, and that what fails of them is counted.
#include "app/watch/target_finder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace watchbill::app::watch {
namespace {

// The loop and the servers that it speaks to.
class target_finder : public ::testing::Test, public ports::IoLoop, public ports::HttpClient {
 protected:
  target_finder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "wb-finder-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~target_finder() override { std::filesystem::remove_all(folder_); }
  target_finder(const target_finder&) = delete;
  target_finder& operator=(const target_finder&) = delete;

  void post(std::function<void()> task) override { task(); }
  ports::TimerId after(Duration, std::function<void()>) override { return ports::TimerId{++last_id_}; }
  void cancel(ports::TimerId) override {}
  Status watch(int, ports::Readiness, std::function<void(ports::Readiness)>) override { return {}; }
  void unwatch(int) override {}
  ports::HttpCallId start(ports::HttpCall, ports::HttpDone done) override {
    done_ = std::move(done);
    return ports::HttpCallId{++last_id_};
  }
  void cancel(ports::HttpCallId) override { done_ = nullptr; }

  std::string folder_;
  std::uint64_t last_id_{0};
  ports::HttpDone done_;
};

TEST_F(target_finder, counts_what_it_finds_and_what_fails) {
  TargetFinder finder({*this, *this, [] {}, [](const std::string&) {}, {}});
  drivers::scrape::Job job;
  job.written.job = "j";
  FileDiscoveryConfiguration files;
  files.files = {folder_ + "/good.yml", folder_ + "/bad.yml"};
  job.written.file_discovery = {files};
  std::ofstream(folder_ + "/good.yml") << "[{targets: ['a:1', 'b:1']}]\n";
  std::ofstream(folder_ + "/bad.yml") << "[{targets: 7}]\n";
  finder.read_files({job});
  EXPECT_EQ(finder.find({job}).active.size(), 2U);
  api::DiscoveryView counts = finder.counts();
  ASSERT_EQ(counts.jobs.size(), 1U);
  EXPECT_EQ(counts.jobs[0].failure_counts[static_cast<std::size_t>(api::DiscoveryKind::file)], 1U);
  EXPECT_EQ(counts.jobs[0].target_count, 2U);
  // Another bill: the job asks a server, and for a name that no name server is asked for.
  HttpDiscoveryConfiguration server;
  server.url = "http://finder/";
  job.written.file_discovery.clear();
  job.written.http_discovery = {server};
  DnsDiscoveryConfiguration names;
  names.names = {std::string(300, 'x')};
  job.written.dns_discovery = {names};
  finder.configure({job});
  ASSERT_TRUE(done_);
  std::exchange(done_, nullptr)(ports::HttpFailure{ports::HttpFailureKind::connection_refused, "refused"});
  counts = finder.counts();
  EXPECT_EQ(counts.jobs[0].failure_counts[static_cast<std::size_t>(api::DiscoveryKind::http)], 1U);
  EXPECT_EQ(counts.failure_counts, (std::array<std::uint64_t, 3>{1, 1, 1}));
  EXPECT_EQ(counts.dns_lookup_count, 1U);
  EXPECT_TRUE(finder.find({job}).active.empty());
  EXPECT_EQ(finder.counts().jobs[0].target_count, 0U);
  finder.stop_asking();
  finder.stop();
}

}  // namespace
}  // namespace watchbill::app::watch
