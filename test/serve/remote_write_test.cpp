// remote_write for real: a Prometheus beside us gets what we scrape, through its own death and ours.
#include <gtest/gtest.h>
#include <signal.h>

#include <map>
#include <set>

#include "serve/folder.h"
#include "serve/neighbour.h"
#include "serve/target.h"

namespace watchbill::serve_test {
namespace {

using Samples = std::map<std::string, std::set<std::string>>;  // by series: "TIME VALUE"

HttpReply ask(std::uint16_t port, const std::string& target) {
  Connection connection(port);
  connection.send("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\nConnection: close\r\n\r\n");
  return connection.reply();
}

class remote_write : public ServedFolder {
 protected:
  remote_write() {
    write("receiver.yml", "global: {}\n");
    write_configuration("");
  }

  void write_configuration(const std::string& more) const {
    write("prometheus.yml",
          "global: {scrape_interval: 250ms, scrape_timeout: 200ms, external_labels: {site: lab}}\n"
          "scrape_configs:\n  - job_name: house\n    static_configs: [{targets: [\"" +
              target_.address() + "\"]}]\nremote_write:\n  - url: http://127.0.0.1:" + std::to_string(receiver_port_) +
              "/api/v1/write\n    write_relabel_configs: [{source_labels: [__name__], regex: secret, action: drop}]\n" + more);
  }
  [[nodiscard]] std::vector<std::string> from_file() const { return {"--prometheus.config", path("prometheus.yml")}; }

  // The receiver, on the same port and store each time.
  void start_receiver() {
    receiver_.emplace(*Prometheus::program(), path("receiver.yml"), Prometheus::Place{receiver_port_, path("receiver")},
                      std::vector<std::string>{"--web.enable-remote-write-receiver"});
    ASSERT_TRUE(eventually([this] { return ask(receiver_port_, "/-/ready").status == 200; }));
  }

  // All samples of ours that a program has, without the labels that sending adds.
  [[nodiscard]] static Samples samples_of(std::uint16_t port) {
    Samples out;
    for (const std::string name : {"temperature", "requests_total", "up", "secret", "scrape_samples_scraped"}) {
      const JsonValue json = ask(port, "/api/v1/query?query=" + name + "[1h]").json();
      const JsonValue* data = json.find("data");
      const JsonValue* result = data == nullptr ? nullptr : data->find("result");
      if (result == nullptr || result->as_array() == nullptr) continue;
      for (const JsonValue& series : *result->as_array()) {
        std::string labels;
        for (const auto& [label, value] : *series.find("metric")->as_object())
          if (label != "site") labels += label + "=" + *value.as_string() + " ";
        for (const JsonValue& sample : *series.find("values")->as_array())
          out[labels].insert(text_of((*sample.as_array())[0]) + " " + text_of((*sample.as_array())[1]));
      }
    }
    return out;
  }
  [[nodiscard]] static std::string text_of(const JsonValue& value) {
    if (const std::string* text = value.as_string(); text != nullptr) return *text;
    std::string out;
    append_json(out, value);
    return out;
  }

  // What the receiver lacks of what the controller has in its log, as people read it; "" when nothing is missing.
  [[nodiscard]] std::string missing(const Samples& wanted) const {
    const Samples there = samples_of(receiver_port_);
    std::string out;
    for (const auto& [labels, samples] : wanted) {
      if (labels.find("__name__=secret ") != std::string::npos) continue;
      const auto known = there.find(labels);
      for (const std::string& sample : samples)
        if (known == there.end() || known->second.count(sample) == 0) out += labels + "lacks " + sample + "\n";
    }
    return out;
  }
  [[nodiscard]] static std::size_t count(const Samples& samples) {
    std::size_t out = 0;
    for (const auto& [labels, values] : samples) out += values.size();
    return out;
  }
  [[nodiscard]] static double figure(const Controller& controller, const std::string& name) {
    const std::string page = controller.ask({"GET", "/metrics", {}, {}, {}, {}}).body;
    const std::size_t at = page.find("\n" + name + (name.ends_with("_in_seconds") ? " " : "{"));
    return at == std::string::npos ? -1 : std::stod(page.substr(page.find(' ', page.find_first_of("} ", at)) + 1));
  }

  Target target_{"# TYPE temperature gauge\ntemperature{room=\"attic\"} 80.5\ntemperature{room=\"cellar\"} -4\n"
                 "# HELP requests_total Requests that came.\n# TYPE requests_total counter\nrequests_total 17\nsecret 1\n"};
  const std::uint16_t receiver_port_{free_port()};
  std::optional<Prometheus> receiver_;
};

TEST_F(remote_write, nothing_is_missing_after_the_receiver_was_killed_and_we_were_killed) {
  if (!Prometheus::program()) GTEST_SKIP() << "no prometheus in the PATH";
  start_receiver();
  std::optional<Controller> controller(std::in_place, path("data"), from_file());
  ASSERT_TRUE(controller->is_serving()) << controller->ended().out;
  ASSERT_TRUE(eventually([&] { return figure(*controller, "prometheus_remote_storage_samples_total") > 50; }));
  receiver_.reset();
  ASSERT_TRUE(eventually([&] { return figure(*controller, "prometheus_remote_storage_samples_retried_total") > 0; }));
  target_.show("temperature{room=\"attic\"} 81\ntemperature{room=\"cellar\"} -5\nrequests_total 18\nsecret 2\n");
  // Until a flush of the log later than that.
  const auto newest = [&] { return figure(*controller, "prometheus_remote_storage_highest_timestamp_in_seconds"); };
  const double before = newest();
  ASSERT_TRUE(eventually([&] { return newest() >= before + 2; }));
  // What is in the log at our death is what must arrive: the store shows it after the next start.
  controller->kill_at_once();
  controller.emplace(path("data"), from_file());
  ASSERT_TRUE(controller->is_serving());
  ASSERT_TRUE(eventually([&] { return figure(*controller, "prometheus_remote_storage_samples_retried_total") > 0; }));
  start_receiver();
  ASSERT_TRUE(eventually([&] { return figure(*controller, "prometheus_remote_storage_samples_total") > 50; }));
  // Once more in the middle of sending, with the receiver alive.
  controller->kill_at_once();
  controller.emplace(path("data"), from_file());
  ASSERT_TRUE(controller->is_serving());
  ASSERT_TRUE(eventually([&] { return figure(*controller, "prometheus_remote_storage_samples_total") > 100; }));
  const Samples wanted = samples_of(controller->port());
  EXPECT_GT(count(wanted), 300U);
  EXPECT_TRUE(eventually([&] { return missing(wanted).empty(); })) << missing(wanted);
  EXPECT_EQ(samples_of(receiver_port_).count("__name__=secret instance=" + target_.address() + " job=house "), 0U);
  EXPECT_EQ(figure(*controller, "prometheus_remote_storage_samples_failed_total"), 0);
  EXPECT_GT(figure(*controller, "prometheus_remote_storage_samples_dropped_total"), 0);
  EXPECT_NE(ask(receiver_port_, "/api/v1/query?query=temperature").body.find("\"site\":\"lab\""), std::string::npos);
}

TEST_F(remote_write, a_reload_changes_a_remote_without_a_gap) {
  if (!Prometheus::program()) GTEST_SKIP() << "no prometheus in the PATH";
  start_receiver();
  Controller controller(path("data"), from_file());
  ASSERT_TRUE(controller.is_serving()) << controller.ended().out;
  ASSERT_TRUE(eventually([&] { return figure(controller, "prometheus_remote_storage_samples_total") > 20; }));
  write_configuration("    queue_config: {max_samples_per_send: 7, min_shards: 3}\n");
  ASSERT_EQ(controller.ask({"POST", "/-/reload", {}, {}, {}, {}}).status, 200);
  ASSERT_TRUE(eventually([&] { return figure(controller, "prometheus_remote_storage_max_samples_per_send") == 7; }));
  ASSERT_TRUE(eventually([&] { return figure(controller, "prometheus_remote_storage_samples_total") > 50; }));
  const Samples wanted = samples_of(controller.port());
  EXPECT_TRUE(eventually([&] { return missing(wanted).empty(); })) << missing(wanted);
  // And one that is left out is left alone.
  write("prometheus.yml", "global: {}\n");
  ASSERT_EQ(controller.ask({"POST", "/-/reload", {}, {}, {}, {}}).status, 200);
  EXPECT_TRUE(eventually([&] { return figure(controller, "prometheus_remote_storage_samples_total") == -1; }));
  EXPECT_EQ(controller.stop().exit_code, 0);
}

}  // namespace
}  // namespace watchbill::serve_test
