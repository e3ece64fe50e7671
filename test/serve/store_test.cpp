// The store from outside: what it takes, keeps over a kill and says of a disk that is not as it should be.
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "metrics/remote/block.h"
#include "metrics/remote/write_request.h"
#include "serve/folder.h"
#include "serve/target.h"
#include "small_disk.h"

namespace watchbill::serve_test {
namespace {

namespace remote = metrics::remote;
namespace fs = std::filesystem;

constexpr std::int64_t minute_ms = 60'000;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

class store : public ServedFolder {
 protected:
  [[nodiscard]] std::vector<std::string> from_file() const { return {"--prometheus.config", path("prometheus.yml")}; }
  [[nodiscard]] static HttpReply post(const Controller& controller, const Labels& labels, std::vector<remote::Sample> samples) {
    remote::WriteRequestWriter writer;
    writer.series(remote::encode_labels(labels), samples);
    const HttpAsk ask{"POST", "/api/v1/write", {}, {}, remote::compress(writer.body()),
                      {"Content-Type: application/x-protobuf", "Content-Encoding: snappy"}};
    HttpReply reply;
    static_cast<void>(eventually([&] { return (reply = controller.ask(ask)).status != 503; }));
    return reply;
  }
  [[nodiscard]] static HttpReply post_one(const Controller& controller, std::int64_t at_ms) {
    return post(controller, Labels(std::vector<Labels::Pair>{{"__name__", "pushed"}}), {{Instant{at_ms}, 1}});
  }
  [[nodiscard]] static HttpReply get(const Controller& controller, const std::string& target) {
    return controller.ask({"GET", target, {}, {}, {}, {}});
  }
  // The answer to an instant query, once stored samples are loaded.
  [[nodiscard]] static std::string answer(const Controller& controller, const std::string& query) {
    HttpReply reply;
    static_cast<void>(eventually([&] { return (reply = get(controller, "/api/v1/query?query=" + query)).status != 503; }));
    return reply.body;
  }
};

TEST_F(store, late_samples_are_taken_inside_the_window_and_survive_a_kill) {
  write("prometheus.yml", "storage: {tsdb: {out_of_order_time_window: 30m}}\n");
  const std::int64_t now = now_ms();
  {
    Controller controller(path("data"), from_file());
    ASSERT_TRUE(controller.is_serving()) << controller.ended().err;
    EXPECT_EQ(post_one(controller, now).status, 204);
    EXPECT_EQ(post_one(controller, now - 10 * minute_ms).status, 204);
    EXPECT_EQ(post_one(controller, now - 29 * minute_ms).status, 204);
    const HttpReply refused = post_one(controller, now - 31 * minute_ms);
    EXPECT_EQ(refused.status, 400);
    EXPECT_TRUE(refused.body.starts_with("out of bounds, series pushed")) << refused.body;
    const std::string page = get(controller, "/metrics").body;
    EXPECT_NE(page.find("prometheus_tsdb_out_of_order_samples_appended_total 2\n"), std::string::npos);
    EXPECT_NE(page.find("watchbill_sample_log_lost_bytes_total{reason=\"not_written\"} 0\n"), std::string::npos);
    controller.kill_at_once();
  }
  write("prometheus.yml", "global: {}\n");
  Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving()) << controller.ended().err;
  EXPECT_NE(answer(controller, "count_over_time(pushed[1h])").find("\"3\"]"), std::string::npos) << "also without the window";
  EXPECT_EQ(post_one(controller, now - 20 * minute_ms).status, 400);
}

// What is 10 minutes in the scenario is some moments here; the journal is on another disk.
TEST_F(store, a_full_disk_costs_samples_not_the_store) {
  fs::create_directories(path("data/samples"));
  fs::permissions(path("data"), fs::perms::owner_all);
  const SmallDisk disk(path("data/samples"), "size=2m");
  if (!disk.is_mounted()) GTEST_SKIP() << "mounting a small file system needs root";
  Target target{"temperature 20\n"};
  write("rules.yml", "groups: [{name: g, rules: [{alert: RoomHot, expr: temperature > 50}]}]\n");
  write("prometheus.yml",
        "global: {scrape_interval: 100ms, scrape_timeout: 100ms, evaluation_interval: 100ms}\nrule_files: [rules.yml]\n"
        "scrape_configs: [{job_name: house, static_configs: [{targets: [\"" + target.address() + "\"]}]}]\n");
  int answered = 0;  // samples that were answered 204, each of a series of its own
  const auto push = [&answered](const Controller& controller) {
    remote::WriteRequestWriter writer;
    const std::vector<remote::Sample> samples{{Instant{now_ms()}, 1}};
    writer.series(remote::encode_labels(Labels({{"__name__", "pushed"}, {"n", std::to_string(answered)}})), samples);
    const HttpReply reply = controller.ask({"POST", "/api/v1/write", {}, {}, remote::compress(writer.body()),
                                            {"Content-Type: application/x-protobuf", "Content-Encoding: snappy"}});
    answered += reply.status == 204 ? 1 : 0;
    return reply.status;
  };
  const auto lines_with = [](const std::string& text, const std::string& word) {
    std::size_t count = 0;
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
    return count;
  };
  std::vector<std::string> before;
  {
    Controller controller(path("data"), from_file());
    ASSERT_TRUE(controller.is_serving()) << controller.ended().err;
    ASSERT_TRUE(eventually([&] { return push(controller) == 204 && answered >= 20; }));
    for (const auto& entry : fs::directory_iterator(disk.path())) before.push_back(entry.path());
    disk.fill();
    ASSERT_TRUE(eventually([&] { return push(controller) == 503; })) << "what is not on the disk is not taken";
    target.show("temperature 80\n");
    EXPECT_TRUE(eventually([&] { return get(controller, "/api/v1/alerts").body.find("\"firing\"") != std::string::npos; }))
        << "rules go on";
    const std::size_t scraped = target.answered_count();
    // Two times the 5 s after which all that is there is written.
    EXPECT_TRUE(eventually([&] { return target.answered_count() > scraped + 110; }));
    EXPECT_NE(answer(controller, "temperature").find("\"80\""), std::string::npos) << "memory has what the disk has not";
    EXPECT_EQ(push(controller), 503U);
    controller.signal(SIGKILL);
    const std::string said = controller.ended().err;
    EXPECT_EQ(lines_with(said, "they stay in memory"), 1U) << said;
  }
  EXPECT_GT(answered, 0);
  for (const std::string& name : before) EXPECT_TRUE(fs::exists(name)) << name << ": deleted unasked";
  ASSERT_TRUE(fs::remove(disk.filler())) << "that of others was deleted unasked";
  Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving()) << "without help: " << controller.ended().err;
  const std::string all = answer(controller, "last_over_time(pushed[1h])");
  for (int i = 0; i < answered; ++i)
    EXPECT_NE(all.find("\"n\":\"" + std::to_string(i) + "\""), std::string::npos) << i << " of " << answered;
  EXPECT_TRUE(eventually([&] { return push(controller) == 204; }));
  EXPECT_TRUE(eventually([&] { return answer(controller, "temperature").find("\"80\"") != std::string::npos; }));
  const std::string said = controller.stop().err;
  EXPECT_LE(lines_with(said, "samples"), 1U) << "the gap is named once: " << said;
}

TEST_F(store, nobody_writes_the_label_of_start_times) {
  write("prometheus.yml", "global: {}\n");
  const Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving());
  const HttpReply reply =
      post(controller, Labels({{"__name__", "pushed"}, {"__start_time__", "ms"}}), {{Instant{now_ms()}, 1e300}});
  EXPECT_EQ(reply.status, 400);
  EXPECT_TRUE(reply.body.starts_with("bad_label_name")) << reply.body;
}

// Whoever took samples then would write over blocks, or keep nothing of them.
TEST_F(store, a_folder_that_cannot_be_listed_is_waited_for) {
  write("prometheus.yml", "global: {}\n");
  {
    Controller controller(path("data"), from_file());
    ASSERT_TRUE(controller.is_serving());
    EXPECT_EQ(post_one(controller, now_ms() - minute_ms).status, 204);
    controller.kill_at_once();
  }
  fs::rename(path("data/samples"), path("aside"));
  write("data/samples", "no folder");
  {
    Controller controller(path("data"), from_file());
    ASSERT_TRUE(controller.is_serving());
    for (const char* target : {"/api/v1/query?query=pushed", "/api/v1/labels", "/federate?match%5B%5D=pushed"}) {
      const HttpReply reply = get(controller, target);
      EXPECT_EQ(reply.status, 503) << target;
      EXPECT_NE(reply.body.find("stored samples are being loaded"), std::string::npos) << reply.body;
    }
    EXPECT_TRUE(controller.says("list folder " + path("data/samples")));
    fs::remove(path("data/samples"));
    fs::rename(path("aside"), path("data/samples"));
    EXPECT_EQ(post_one(controller, now_ms()).status, 204) << "it goes on by itself";
    controller.kill_at_once();
  }
  const Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving());
  EXPECT_NE(answer(controller, "count_over_time(pushed[5m])").find("\"2\"]"), std::string::npos) << "both are there";
}

// Old samples are in a block right after the next start.
TEST_F(store, a_query_that_reads_damage_says_so) {
  write("prometheus.yml", "global: {}\n");
  const std::int64_t then = now_ms() - 5 * 60 * minute_ms;
  {
    Controller controller(path("data"), from_file());
    ASSERT_TRUE(controller.is_serving());
    EXPECT_EQ(post_one(controller, then).status, 204);
    controller.kill_at_once();
  }
  const std::string block = "data/samples/000001-000001.block";
  const std::string query = "pushed&time=" + std::to_string(then / 1000 + 1);
  {
    Controller controller(path("data"), from_file());
    ASSERT_TRUE(controller.is_serving());
    ASSERT_TRUE(eventually([&] { return fs::exists(path(block)); }));
    const std::string whole = answer(controller, query);
    EXPECT_NE(whole.find("\"1\"]"), std::string::npos) << whole;
    EXPECT_EQ(whole.find("warnings"), std::string::npos) << whole;
    controller.kill_at_once();
  }
  {
    std::fstream file(path(block), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(66).put('\x5A');
  }
  Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving());
  const std::string damaged = answer(controller, query);
  EXPECT_NE(damaged.find("\"warnings\":[\"the block samples/000001-000001.block is damaged: samples may be missing here\"]"),
            std::string::npos)
      << damaged;
  EXPECT_NE(controller.stop().err.find("samples/000001-000001.block: samples in it are damaged"), std::string::npos)
      << "also where it ends soon after";
}

}  // namespace
}  // namespace watchbill::serve_test
