// Targets that files and servers name: what is kept, what is told, what is asked again.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include "drivers/scrape/file_targets.h"
#include "drivers/scrape/http_targets.h"

namespace watchbill::drivers::scrape {
namespace {

using Groups = std::vector<StaticTargets>;

// A text is a list of addresses, one in each line; "broken" is none.
Result<Groups> parse(const std::string& text, const std::string& path) {
  if (text.find("broken") != std::string::npos) return Error{ErrorKind::invalid, "read targets", path, "broken"};
  Groups groups(1);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    groups[0].targets.push_back(text.substr(begin, end - begin));
    begin = end == std::string::npos ? text.size() : end + 1;
  }
  return groups;
}

std::string text_of(const Groups& groups) {
  std::string out;
  for (const StaticTargets& group : groups) {
    for (const std::string& target : group.targets) out += target + " ";
    out += group.labels.text() + ";";
  }
  return out;
}

class FilesOf : public ::testing::Test {
 protected:
  FilesOf() {
    std::string folder = "/tmp/watchbill-files-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  ~FilesOf() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ + "/" + name) << text; }
  [[nodiscard]] std::vector<FileDiscoveryConfiguration> wanted() const {
    FileDiscoveryConfiguration all;
    all.files = {folder_};
    return {all};
  }
  [[nodiscard]] std::string labels(const std::string& name) const {
    return "{__meta_filepath=\"" + folder_ + "/" + name + "\"};";
  }

  std::string folder_;
  std::vector<std::string> complaints_;
  int change_count_{0};
  FileTargets files_{{[](const std::string& folder) {
                        std::vector<std::string> paths;
                        for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
                        std::sort(paths.begin(), paths.end());
                        return paths;
                      },
                      [](const std::string& path) {
                        std::ifstream file(path);
                        return parse({std::istreambuf_iterator<char>(file), {}}, path);
                      },
                      [this] { ++change_count_; }, [this](const std::string& text) { complaints_.push_back(text); }, {},
                      [this](const std::string& pattern) { failed_.push_back(pattern); }}};
  std::vector<std::string> failed_;
};

TEST_F(FilesOf, a_broken_file_keeps_what_it_named_and_says_so_once) {
  write("a", "x:1\n");
  write("b", "y:1\n");
  files_.read_now(wanted());
  EXPECT_EQ(text_of(files_.groups_of(folder_)), "x:1 " + labels("a") + "y:1 " + labels("b"));
  EXPECT_EQ(change_count_, 1);
  files_.read_now(wanted());
  EXPECT_EQ(change_count_, 1) << "nothing has changed";
  write("a", "broken at length\n");
  files_.read_now(wanted());
  files_.read_now(wanted());
  EXPECT_EQ(text_of(files_.groups_of(folder_)), "x:1 " + labels("a") + "y:1 " + labels("b"));
  EXPECT_EQ(complaints_,
            std::vector<std::string>{"targets: read targets " + folder_ + "/a: broken; those that it named last stay"});
  EXPECT_EQ(failed_, std::vector<std::string>{folder_}) << "once for each time that it was read";
  write("a", "z:1\n");
  files_.read_now(wanted());
  EXPECT_EQ(text_of(files_.groups_of(folder_)), "z:1 " + labels("a") + "y:1 " + labels("b"));
  EXPECT_EQ(complaints_.back(), "targets: " + folder_ + "/a is read again");
  std::filesystem::remove(folder_ + "/b");
  files_.read_now(wanted());
  EXPECT_EQ(text_of(files_.groups_of(folder_)), "z:1 " + labels("a"));
  EXPECT_EQ(text_of(files_.groups_of("/elsewhere")), "");
}

TEST_F(FilesOf, a_refresh_reads_what_seems_unchanged) {
  write("a", "x:1\n");
  std::vector<FileDiscoveryConfiguration> often = wanted();
  often[0].refresh_interval = Duration{1};
  files_.read_now(often);
  const auto time = std::filesystem::last_write_time(folder_ + "/a");
  {
    std::FILE* file = std::fopen((folder_ + "/a").c_str(), "r+");
    ASSERT_NE(file, nullptr);
    std::fputs("y", file);
    std::fclose(file);
  }
  std::filesystem::last_write_time(folder_ + "/a", time);
  while (text_of(files_.groups_of(folder_)) != "y:1 " + labels("a")) files_.read_now(often);
}

class ServersOf : public ::testing::Test, public ports::IoLoop, public ports::HttpClient {
 protected:
  void post(std::function<void()> task) override { task(); }
  ports::TimerId after(Duration delay, std::function<void()> task) override {
    EXPECT_EQ(delay, Duration::minutes(1));
    timers_[++last_id_] = std::move(task);
    return ports::TimerId{last_id_};
  }
  void cancel(ports::TimerId timer) override { timers_.erase(static_cast<std::uint64_t>(timer)); }
  Status watch(int, ports::Readiness, std::function<void(ports::Readiness)>) override { return {}; }
  void unwatch(int) override {}
  ports::HttpCallId start(ports::HttpCall call, ports::HttpDone done) override {
    call_ = std::move(call);
    done_ = std::move(done);
    return ports::HttpCallId{++last_id_};
  }
  void cancel(ports::HttpCallId) override { done_ = nullptr; }

  void answer(std::uint32_t status, const std::string& type, const std::string& body) {
    ASSERT_TRUE(done_);
    std::exchange(done_, nullptr)(ports::HttpAnswer{status, {{"Content-Type", type}}, body, {}});
  }
  void next() {
    ASSERT_EQ(timers_.size(), 1U);
    const auto task = std::move(timers_.begin()->second);
    timers_.clear();
    task();
  }
  static std::vector<HttpDiscoveryConfiguration> wanted() {
    HttpDiscoveryConfiguration one;
    one.url = "http://a/sd";
    return {one};
  }
  [[nodiscard]] std::string found() const { return text_of(servers_.groups_of(wanted()[0])); }

  std::map<std::uint64_t, std::function<void()>> timers_;
  std::uint64_t last_id_{0};
  ports::HttpCall call_;
  ports::HttpDone done_;
  std::vector<std::string> complaints_;
  int change_count_{0};
  HttpTargets servers_{{*this, *this, parse, [this] { ++change_count_; },
                        [this](const std::string& text) { complaints_.push_back(text); },
                        [this](const HttpDiscoveryConfiguration& source) {
                          EXPECT_EQ(source.url, "http://a/sd");
                          ++failed_count_;
                        }}};
  int failed_count_{0};
};

TEST_F(ServersOf, a_wrong_answer_keeps_what_the_last_good_one_named) {
  constexpr const char* labels = R"({__meta_url="http://a/sd"};)";
  servers_.configure(wanted());
  EXPECT_EQ(call_.timeout, Duration::minutes(1));
  EXPECT_EQ(*ports::find_field(call_.headers, "X-Prometheus-Refresh-Interval-Seconds"), "60");
  answer(200, "application/json", "x:1");
  EXPECT_EQ(found(), std::string("x:1 ") + labels);
  const std::vector<std::tuple<std::uint32_t, std::string, std::string, std::string>> wrong{
      {500, "application/json", "", "server returned HTTP status 500"},
      {200, "text/html", "y:1", "expected the Content-Type application/json, found \"text/html\""},
      {200, "application/json; charset=latin1", "y:1",
       "expected the Content-Type application/json, found \"application/json; charset=latin1\""}};
  for (const auto& [status, type, body, told] : wrong) {
    next();
    answer(status, type, body);
    EXPECT_EQ(found(), std::string("x:1 ") + labels);
    EXPECT_EQ(complaints_.back(), "targets: ask for targets http://a/sd: " + told + "; those that it named last stay");
  }
  next();
  answer(200, "application/json", "broken");
  EXPECT_EQ(complaints_.back(), "targets: read targets http://a/sd: broken; those that it named last stay");
  next();
  answer(200, "Application/JSON; charset=\"UTF-8\"", "y:1");
  EXPECT_EQ(found(), std::string("y:1 ") + labels);
  EXPECT_EQ(complaints_.back(), "targets: http://a/sd answers again");
  EXPECT_EQ(change_count_, 2);
  next();
  answer(200, "application/json", "y:1");
  EXPECT_EQ(failed_count_, 4);
  EXPECT_EQ(change_count_, 2) << "the same again is no change";
}

TEST_F(ServersOf, another_bill_keeps_the_servers_that_it_still_asks) {
  servers_.configure(wanted());
  answer(200, "application/json", "x:1");
  servers_.configure(wanted());
  EXPECT_FALSE(done_) << "it is not asked anew";
  EXPECT_NE(found(), "");
  servers_.configure({});
  EXPECT_EQ(found(), "");
  EXPECT_TRUE(timers_.empty());
}

}  // namespace
}  // namespace watchbill::drivers::scrape
