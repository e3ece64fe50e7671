// How the running program calls servers: certificates and proxies of targets, of discovery, of remotes and of other
// Alertmanagers.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "net/certificates.h"
#include "net/loopback.h"
#include "net/proxy.h"
#include "serve/folder.h"
#include "serve/target.h"

namespace watchbill::serve_test {
namespace {

namespace net = drivers::net;

// An exporter that speaks TLS, answers discovery, and takes whatever is posted; it serves nobody else than clients with a
// certificate of its CA where `wants_clients`.
class Exporter {
 public:
  Exporter(const net::Certificates& certificates, const std::string& name, bool wants_clients = false)
      : server_(router(wants_clients), {}, settings(certificates, name, wants_clients)) {}
  [[nodiscard]] std::string address(const std::string& host = "127.0.0.1") const {
    return host + ":" + std::to_string(server_.port());
  }
  [[nodiscard]] std::size_t post_count() const noexcept { return post_count_; }
  [[nodiscard]] std::uint64_t request_count() const { return server_.counters().requests; }

 private:
  static net::HttpServerSettings settings(const net::Certificates& certificates, const std::string& name, bool wants_clients) {
    net::HttpServerSettings out;
    out.listen.push_back(net::HttpListen{.address = "127.0.0.1",
                                         .port = 0,
                                         .tls = net::TlsServerFiles{certificates.file(name + ".pem"),
                                                                    certificates.file(name + ".key"),
                                                                    wants_clients ? certificates.file("ca.pem") : ""}});
    return out;
  }
  net::Router router(bool wants_clients) {
    net::Router out;
    const auto add = [&out](std::string method, std::string pattern,
                            const std::function<ports::HttpResponse(const ports::HttpRequest&)>& answer) {
      out.add({.method = std::move(method),
               .pattern = std::move(pattern),
               .handler = [answer](ports::HttpRequest request, std::unique_ptr<ports::HttpResponder> responder) {
                 responder->answer(answer(request));
               }});
    };
    add("GET", "/metrics", [wants_clients](const ports::HttpRequest& request) -> ports::HttpResponse {
      if (wants_clients && request.peer_certificate_sha256.empty()) return {.status = 403, .headers = {}, .body = ""};
      return {.status = 200, .headers = {{"Content-Type", "text/plain; version=0.0.4"}}, .body = "x 1\n"};
    });
    add("GET", "/sd", [](const ports::HttpRequest&) -> ports::HttpResponse {
      return {.status = 200, .headers = {{"Content-Type", "application/json"}}, .body = R"([{"targets": ["127.0.0.1:1"]}])"};
    });
    add("POST", "/{all...}", [this](const ports::HttpRequest&) -> ports::HttpResponse {
      ++post_count_;
      return {.status = 200, .headers = {}, .body = ""};
    });
    return out;
  }

  std::atomic<std::size_t> post_count_{0};
  net::ServerUnderTest server_;
};

class client : public ServedFolder {
 protected:
  void write_bill(const std::string& text) const {
    write("watchbill.yaml", "watchbill: 1\nglobal: {scrape_interval: 100ms, scrape_timeout: 100ms}\n" + text);
  }
  // One job of this target.
  void write_job(const std::string& address, const std::string& keys) const {
    write_bill("scrape_configs:\n  - {job_name: j, scheme: https, " + keys + ", static_configs: [{targets: ['" + address +
               "']}]}\n");
  }
  void start() {
    controller_.emplace(path("data"), arguments());
    ASSERT_TRUE(controller_->is_serving()) << controller_->ended().out;
  }
  [[nodiscard]] std::string targets() const {
    return controller_->ask({"GET", "/api/v1/targets", controller_->admin_token(), {}, {}, {}}).body;
  }
  [[nodiscard]] bool targets_say(const std::string& text) const {
    return eventually([&] { return targets().find(text) != std::string::npos; });
  }
  [[nodiscard]] bool reload() const {
    return controller_->ask({"POST", "/-/reload", controller_->admin_token(), {}, {}, {}}).status == 200;
  }
  // Another file under this name, in one step.
  void replace(const std::string& name, const std::string& by) const {
    std::filesystem::copy_file(by, path(name + ".new"));
    std::filesystem::rename(path(name + ".new"), path(name));
  }

  // Everything in a folder.
  [[nodiscard]] static std::string texts_below(const std::string& folder) {
    std::string out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      std::ifstream file(entry.path(), std::ios::binary);
      if (entry.is_regular_file()) out.append(std::istreambuf_iterator<char>(file), {});
    }
    return out;
  }

  static constexpr const char* is_up = "\"health\":\"up\"";
  std::optional<Controller> controller_;
};

TEST_F(client, a_target_is_trusted_by_the_ca_of_its_job_and_says_why_it_is_not) {
  net::Certificates certificates, others;
  certificates.issue("server", "DNS:ops.example,IP:127.0.0.1");
  certificates.issue("elsewhere", "DNS:elsewhere.example");
  const Exporter exporter(certificates, "server"), other(certificates, "elsewhere");
  const std::string ours = "ca_file: '" + certificates.file("ca.pem") + "'";
  write_job(exporter.address(), "tls_config: {" + ours + "}");
  start();
  EXPECT_TRUE(targets_say(is_up)) << targets();
  EXPECT_NE(targets().find("\"scrapeUrl\":\"https://" + exporter.address() + "/metrics\""), std::string::npos) << targets();
  write_job(exporter.address(), "tls_config: {ca_file: '" + others.file("ca.pem") + "'}");
  ASSERT_TRUE(reload());
  EXPECT_TRUE(targets_say("tls_failed: GET " + exporter.address() + ": certificate verify failed: ")) << targets();
  write_job(exporter.address(), "honor_labels: false");
  ASSERT_TRUE(reload());
  EXPECT_TRUE(targets_say("certificate verify failed: unable to get local issuer certificate")) << targets();
  write_job(other.address(), "tls_config: {" + ours + "}");
  ASSERT_TRUE(reload());
  EXPECT_TRUE(targets_say("certificate verify failed: IP address mismatch")) << targets();
  EXPECT_EQ(other.request_count(), 0U) << "what is not verified is asked nothing";
  write_job(other.address(), "tls_config: {" + ours + ", server_name: elsewhere.example}");
  ASSERT_TRUE(reload());
  EXPECT_TRUE(targets_say(is_up)) << targets();
  write_job(other.address(), "tls_config: {insecure_skip_verify: true}");
  ASSERT_TRUE(reload());
  EXPECT_TRUE(targets_say(is_up)) << targets();
  write_job(exporter.address(), "tls_config: {ca_file: missing.pem}");
  ASSERT_TRUE(reload());
  EXPECT_TRUE(targets_say("call_invalid: read CA " + path("missing.pem") + ": No such file or directory")) << targets();
}

TEST_F(client, shows_its_certificate_and_files_that_are_renewed_hold_at_once) {
  net::Certificates certificates, others;
  certificates.issue("server", "IP:127.0.0.1");
  certificates.issue("watch", "DNS:watch.example");
  others.issue("watch", "DNS:watch.example");
  const Exporter exporter(certificates, "server", true);
  replace("ca.pem", certificates.file("ca.pem"));
  write_job(exporter.address(), "tls_config: {ca_file: ca.pem}");
  start();
  EXPECT_TRUE(targets_say("server returned HTTP status 403")) << targets();
  const auto show = [this](const net::Certificates& of) {
    replace("watch.key", of.file("watch.key"));
    replace("watch.pem", of.file("watch.pem"));
  };
  show(certificates);
  write_job(exporter.address(), "tls_config: {ca_file: ca.pem, cert_file: watch.pem, key_file: watch.key}");
  ASSERT_TRUE(reload());
  EXPECT_TRUE(targets_say(is_up)) << targets();
  show(others);
  EXPECT_TRUE(targets_say("\"health\":\"down\"")) << targets();
  show(certificates);
  EXPECT_TRUE(targets_say(is_up)) << targets();
  replace("ca.pem", others.file("ca.pem"));
  EXPECT_TRUE(targets_say("certificate verify failed")) << targets();
  replace("ca.pem", certificates.file("ca.pem"));
  EXPECT_TRUE(targets_say(is_up)) << targets();
  replace("watch.key", others.file("watch.key"));
  EXPECT_TRUE(targets_say("call_invalid: read key " + path("watch.key") + ": key values mismatch")) << targets();
}

TEST_F(client, a_proxy_is_asked_for_targets_and_its_password_is_told_to_nobody) {
  net::Certificates certificates;
  certificates.issue("server", "IP:127.0.0.1");
  const Exporter exporter(certificates, "server");
  const Target plain("y 1\n"), finder("[]");
  const net::TestProxy proxy("sesame");
  ASSERT_EQ(::setenv("WB_TEST_PROXY", ("http://me:sesame@127.0.0.1:" + std::to_string(proxy.port())).c_str(), 1), 0);
  write_bill("scrape_configs:\n"
             "  - {job_name: plain, proxy_url: 'env:WB_TEST_PROXY', static_configs: [{targets: ['" + plain.address() +
             "']}], http_sd_configs: [{url: 'http://" + finder.address() + "/sd', proxy_url: 'env:WB_TEST_PROXY'}]}\n"
             "  - {job_name: tls, scheme: https, proxy_url: 'env:WB_TEST_PROXY', tls_config: {ca_file: '" +
             certificates.file("ca.pem") + "'}, static_configs: [{targets: ['" + exporter.address() + "']}]}\n"
             "  - {job_name: refused, proxy_url: '" + proxy.url() + "', static_configs: [{targets: ['127.0.0.1:1']}]}\n"
             "  - {job_name: unset, proxy_url: 'env:WB_TEST_NO_PROXY', static_configs: [{targets: ['127.0.0.1:2']}]}\n");
  start();
  EXPECT_TRUE(targets_say("server returned HTTP status 407")) << targets();
  EXPECT_TRUE(targets_say("read the secret env:WB_TEST_NO_PROXY: the environment has no such name")) << targets();
  EXPECT_TRUE(eventually([&] {
    const std::string all = targets();
    const std::size_t first = all.find(is_up);
    return first != std::string::npos && all.find(is_up, first + 1) != std::string::npos;
  })) << targets();
  const std::vector<std::string> heads = proxy.heads();
  for (const std::string& begin : {"GET http://" + plain.address() + "/metrics HTTP/1.1\r\n",
                                   "GET http://" + finder.address() + "/sd HTTP/1.1\r\n",
                                   "CONNECT " + exporter.address() + " HTTP/1.1\r\n"})
    EXPECT_TRUE(std::any_of(heads.begin(), heads.end(), [&](const std::string& head) { return head.starts_with(begin); }))
        << begin;
  const auto get = [this](const std::string& path) {
    return controller_->ask({"GET", path, controller_->admin_token(), {}, {}, {}}).body;
  };
  std::string told = get("/api/v1/targets") + get("/metrics") + get("/api/v1/status/config");
  const Ended ended = controller_->stop();
  told += ended.out + ended.err + texts_below(path("data"));
  EXPECT_EQ(told.find("sesame"), std::string::npos);
  EXPECT_EQ(told.find("bWU6c2VzYW1l"), std::string::npos);
  ::unsetenv("WB_TEST_PROXY");
}

TEST_F(client, discovery_remotes_and_alertmanagers_are_called_alike) {
  net::Certificates certificates;
  certificates.issue("server", "IP:127.0.0.1");
  const Exporter finder(certificates, "server"), remote(certificates, "server"), peer(certificates, "server");
  const Target target("x 1\n");
  const std::string tls = "tls_config: {ca_file: '" + certificates.file("ca.pem") + "'}";
  write("rules.yml", "groups: [{name: g, interval: 100ms, rules: [{alert: A, expr: 'vector(1)'}]}]\n");
  write("prometheus.yml",
        "global: {scrape_interval: 1s}\nrule_files: [rules.yml]\nscrape_configs:\n"
        "  - {job_name: j, static_configs: [{targets: ['" +
            target.address() + "']}], http_sd_configs: [{url: 'https://" + finder.address() + "/sd', refresh_interval: 1s, " +
            tls +
            "}]}\n"
            "remote_write: [{url: 'https://" +
            remote.address() + "/write', " + tls +
            "}]\n"
            "alerting: {alertmanagers: [{scheme: https, " +
            tls + ", static_configs: [{targets: ['" + peer.address() + "']}]}]}\n");
  controller_.emplace(path("data"), std::vector<std::string>{"--prometheus.config", path("prometheus.yml")});
  ASSERT_TRUE(controller_->is_serving()) << controller_->ended().out;
  EXPECT_TRUE(targets_say("\"instance\":\"127.0.0.1:1\"")) << targets();
  EXPECT_TRUE(eventually([&] { return remote.post_count() > 0; }));
  EXPECT_TRUE(eventually([&] { return peer.post_count() > 0; }));
}

}  // namespace
}  // namespace watchbill::serve_test
