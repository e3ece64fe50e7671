// dns_sd_configs of the running program, beside a real Prometheus where there is one: both ask the name server that their
// resolv.conf names, in namespaces of their own in which a test may listen on port 53.
#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "scrape/name_server.h"
#include "serve/folder.h"
#include "serve/neighbour.h"

namespace watchbill::serve_test {
namespace {

using namespace scrape_test;

class name_servers : public ServedFolder {};

// The test below, in network and mount namespaces.
TEST_F(name_servers, name_the_targets_that_prometheus_finds) {
  write("resolv.conf", "nameserver 127.0.0.1\nsearch one.example two.example\noptions ndots:1\n");
  std::vector<std::string> words{"unshare", "--net", "--mount"};
  if (::geteuid() != 0) words.emplace_back("--map-root-user");
  std::vector<std::string> probe = words;
  probe.emplace_back("true");
  if (const Ended tried = run_words(probe); tried.exit_code != 0) GTEST_SKIP() << "no namespaces here: " << tried.err;
  std::string program(4096, '\0');
  program.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::readlink("/proc/self/exe", program.data(), program.size()))));
  for (const std::string& word : {std::string("sh"), std::string("-c"),
                                  "mount --make-rprivate / && mount --bind '" + path("resolv.conf") +
                                      "' /etc/resolv.conf && unset GTEST_TOTAL_SHARDS GTEST_SHARD_INDEX && exec '" + program +
                                      "' --gtest_also_run_disabled_tests --gtest_filter=within_namespaces.*"})
    words.push_back(word);
  const Ended ended = run_words(words);
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("[  PASSED  ] 1 test."), std::string::npos) << ended.out << ended.err;
}

void raise_loopback() {
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const int any = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::ioctl(any, SIOCSIFFLAGS, &request), 0) << std::strerror(errno);
  ::close(any);
}

std::string text_of(const JsonValue* labels) {
  std::string out;
  if (labels == nullptr || labels->as_object() == nullptr) return "none";
  for (const auto& [name, value] : *labels->as_object()) out += name + "=" + (value.as_string() ? *value.as_string() : "?") + ",";
  return out;
}

// Each target with its labels before and after relabelling.
std::vector<std::string> targets_in(const HttpReply& reply) {
  std::vector<std::string> out;
  const JsonValue json = reply.json();
  const JsonValue* data = json.find("data");
  const JsonValue* active = data == nullptr ? nullptr : data->find("activeTargets");
  if (active == nullptr || active->as_array() == nullptr) return out;
  for (const JsonValue& target : *active->as_array())
    out.push_back(text_of(target.find("discoveredLabels")) + " -> " + text_of(target.find("labels")));
  std::sort(out.begin(), out.end());
  return out;
}

std::string lines(const std::vector<std::string>& all) {
  std::string out;
  for (const std::string& line : all) out += line + "\n";
  return out;
}

class within_namespaces : public ServedFolder {
 protected:
  [[nodiscard]] std::vector<std::string> targets() const {
    return targets_in(controller_->ask({"GET", "/api/v1/targets?state=active", {}, {}, {}, {}}));
  }
  [[nodiscard]] bool finds(std::size_t count) const {
    return eventually([&] { return targets().size() == count; });
  }

  std::unique_ptr<Controller> controller_;
};

TEST_F(within_namespaces, DISABLED_records_become_the_targets_of_prometheus) {
  ASSERT_NO_FATAL_FAILURE(raise_loopback());
  NameServer server(53);
  const Records::Record alias{type_cname, name_bytes("other.example")};
  server.answer("_http._tcp.web.example", type_srv,
                {.records = {{type_srv, srv_bytes(9100, "a.web.example")}, {type_srv, srv_bytes(9101, "b.web.example")}},
                 .is_cut = true});
  server.answer("db.two.example", type_a, {.records = {alias, {type_a, address_bytes("127.0.0.2")}}});
  server.answer("db6.example", type_aaaa, {.records = {{type_aaaa, address_bytes("::1")}}});
  server.answer("example", type_mx, {.records = {{type_mx, mx_bytes("mail.example")}}});
  server.answer("failing.example", type_a, {.code = 2});
  const std::string jobs = R"(global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: srv
    dns_sd_configs: [{names: [_http._tcp.web.example, _absent._tcp.web.example], refresh_interval: 1s}]
  - job_name: a
    dns_sd_configs: [{names: [db, failing.example.], type: A, port: 80, refresh_interval: 1s}]
    relabel_configs: [{source_labels: [__meta_dns_name, __meta_dns_srv_record_target], target_label: name}]
  - job_name: aaaa
    dns_sd_configs: [{names: [db6.example], type: aaaa, port: 9100, refresh_interval: 1s}]
  - job_name: mx
    dns_sd_configs: [{names: [example.], type: MX, port: 25, refresh_interval: 1s}]
)";
  write("prometheus.yml", jobs);
  controller_ =
      std::make_unique<Controller>(path("data"), std::vector<std::string>{"--prometheus.config", path("prometheus.yml")});
  ASSERT_TRUE(controller_->is_serving()) << controller_->ended().out;
  ASSERT_TRUE(finds(5)) << lines(targets());
  if (const auto program = Prometheus::program()) {
    const Prometheus other(*program, path("prometheus.yml"), path("other"));
    const auto theirs = [&] {
      Connection connection(other.port());
      connection.send("GET /api/v1/targets?state=active HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      return targets_in(connection.reply());
    };
    EXPECT_TRUE(eventually([&] { return lines(theirs()) == lines(targets()); })) << lines(theirs()) << "ours:\n"
                                                                                 << lines(targets());
  }
  // No answer leaves what was known; that a name is gone is an answer.
  server.answer("db.two.example", type_a, {.is_silent = true});
  server.answer("_http._tcp.web.example", type_srv, {.code = 3});
  ASSERT_TRUE(finds(3)) << lines(targets());
  EXPECT_NE(lines(targets()).find("instance=127.0.0.2:80"), std::string::npos) << lines(targets());
  server.answer("db.two.example", type_a, {.records = {{type_a, address_bytes("127.0.0.3")}}});
  EXPECT_TRUE(eventually([&] { return lines(targets()).find("instance=127.0.0.3:80") != std::string::npos; }))
      << lines(targets());
  const Ended ended = controller_->stop();
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_NE((ended.out + ended.err).find("targets: look up failing.example.: no name server gave a valid answer: "),
            std::string::npos)
      << ended.out << ended.err;
}

}  // namespace
}  // namespace watchbill::serve_test
