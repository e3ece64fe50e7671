#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>

#include "drivers/net/http_client.h"
#include "drivers/net/tls.h"
#include "net/certificates.h"
#include "net/loopback.h"

namespace watchbill::drivers::net {
namespace {

using ports::HttpCall;
using ports::HttpFailureKind;
using Outcome = Result<ports::HttpAnswer, ports::HttpFailure>;

HttpServerSettings with_tls(const Certificates& certificates, const std::string& name, bool wants_clients = false) {
  HttpServerSettings settings;
  settings.listen.push_back(HttpListen{.address = "127.0.0.1",
                                       .port = 0,
                                       .tls = TlsServerFiles{certificates.file(name + ".pem"), certificates.file(name + ".key"),
                                                             wants_clients ? certificates.file("ca.pem") : ""}});
  return settings;
}

// Makes one call on a loop of its own.
Outcome call(HttpCall wanted) {
  LoopThread thread;
  std::unique_ptr<HttpCaller> caller;
  std::promise<Outcome> promise;
  std::future<Outcome> future = promise.get_future();
  thread.run([&] { caller = std::make_unique<HttpCaller>(thread.loop); });
  caller->start(std::move(wanted), [&](Outcome outcome) { promise.set_value(std::move(outcome)); });
  Outcome outcome = future.get();
  thread.run([&] { caller.reset(); });
  thread.join();
  return outcome;
}

HttpCall get(std::uint16_t port, const std::string& host = "127.0.0.1") {
  HttpCall wanted;
  wanted.url = "https://" + host + ":" + std::to_string(port) + "/hello";
  wanted.timeout = Duration::seconds(15);
  return wanted;
}

TEST(tls, a_verified_server_is_spoken_to_by_name_and_by_address) {
  Certificates certificates;
  certificates.issue("server", "DNS:localhost,IP:127.0.0.1");
  ServerUnderTest server{echo_router(), {}, with_tls(certificates, "server")};
  for (const char* host : {"127.0.0.1", "localhost"}) {
    HttpCall wanted = get(server.port(), host);
    wanted.tls.ca_file = certificates.file("ca.pem");
    const Outcome outcome = call(wanted);
    ASSERT_TRUE(outcome.has_value()) << outcome.error().detail;
    EXPECT_EQ(outcome->body, "hello");
  }
}

TEST(tls, large_bodies_pass_both_ways) {
  Certificates certificates;
  certificates.issue("server", "IP:127.0.0.1");
  ServerUnderTest server{echo_router(), {}, with_tls(certificates, "server")};
  HttpCall wanted = get(server.port());
  wanted.url.replace(wanted.url.find("/hello"), 6, "/large");
  wanted.method = "POST";
  wanted.body = std::string(1U << 20, 'x');
  wanted.tls.ca_file = certificates.file("ca.pem");
  const Outcome outcome = call(wanted);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().detail;
  EXPECT_EQ(outcome->body, wanted.body);
}

TEST(tls, streams_end_cleanly) {
  Certificates certificates;
  certificates.issue("server", "IP:127.0.0.1");
  Router router;
  router.add(
      {.method = "GET", .pattern = "/hello", .handler = [](ports::HttpRequest, std::unique_ptr<ports::HttpResponder> responder) {
         responder->begin_stream({.status = 200, .headers = {}, .body = "first\n"}, {});
         EXPECT_EQ(responder->write(std::string(100'000, '#')), ports::HttpStreamState::open);
         responder->end();
       }});
  ServerUnderTest server{std::move(router), {}, with_tls(certificates, "server")};
  HttpCall wanted = get(server.port());
  wanted.tls.ca_file = certificates.file("ca.pem");
  const Outcome outcome = call(wanted);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().detail;
  EXPECT_EQ(outcome->body, "first\n" + std::string(100'000, '#'));
  EXPECT_TRUE(eventually([&] { return server.counters().open == 0; }));
}

TEST(tls, a_kept_connection_belongs_to_its_settings) {
  Certificates certificates;
  certificates.issue("server", "DNS:localhost,IP:127.0.0.1");
  ServerUnderTest server{echo_router(), {}, with_tls(certificates, "server")};
  LoopThread thread;
  std::unique_ptr<HttpCaller> caller;
  thread.run([&] { caller = std::make_unique<HttpCaller>(thread.loop); });
  const auto status_of = [&](const HttpCall& wanted) {
    std::promise<Outcome> promise;
    std::future<Outcome> future = promise.get_future();
    caller->start(wanted, [&](Outcome outcome) { promise.set_value(std::move(outcome)); });
    const Outcome outcome = future.get();
    return outcome.has_value() ? outcome->status : 0U;
  };
  HttpCall wanted = get(server.port());
  wanted.may_be_sent_twice = true;
  wanted.tls.skip_verification = true;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status_of(wanted), 200U);
  EXPECT_EQ(server.counters().accepted, 1U);
  wanted.tls.skip_verification = false;
  EXPECT_EQ(status_of(wanted), 0U) << "a connection that proves nothing is no one's short cut";
  wanted.tls.ca_file = certificates.file("ca.pem");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status_of(wanted), 200U);
  EXPECT_EQ(server.counters().accepted, 3U);
  thread.run([&] { caller.reset(); });
}

TEST(tls, what_does_not_verify_gets_no_request) {
  Certificates certificates, others;
  certificates.issue("right", "IP:127.0.0.1");
  certificates.issue("wrong_name", "DNS:other.example,IP:127.0.0.2");
  certificates.issue("expired", "IP:127.0.0.1", -1);
  others.issue("foreign", "IP:127.0.0.1");
  const std::tuple<const Certificates*, const char*, const char*> cases[] = {
      {&certificates, "wrong_name", "IP address mismatch"},
      {&certificates, "expired", "expired"},
      {&others, "foreign", "certificate signature failure"}};
  for (const auto& [issuer, name, reason] : cases) {
    ServerUnderTest server{echo_router(), {}, with_tls(*issuer, name)};
    HttpCall wanted = get(server.port());
    wanted.tls.ca_file = certificates.file("ca.pem");
    const Outcome outcome = call(wanted);
    ASSERT_FALSE(outcome.has_value()) << name;
    EXPECT_EQ(outcome.error().kind, HttpFailureKind::tls_failed) << name;
    EXPECT_NE(outcome.error().detail.find(reason), std::string::npos) << outcome.error().detail;
    EXPECT_EQ(server.counters().requests, 0U) << name;
    wanted.tls.skip_verification = true;
    EXPECT_EQ(call(wanted)->body, "hello") << name;
  }
  // The system's trust store knows nothing of this CA.
  ServerUnderTest server{echo_router(), {}, with_tls(certificates, "right")};
  EXPECT_EQ(call(get(server.port())).error().kind, HttpFailureKind::tls_failed);
}

TEST(tls, the_server_name_may_be_given) {
  Certificates certificates;
  certificates.issue("server", "DNS:ops.example");
  ServerUnderTest server{echo_router(), {}, with_tls(certificates, "server")};
  HttpCall wanted = get(server.port());
  wanted.tls.ca_file = certificates.file("ca.pem");
  EXPECT_EQ(call(wanted).error().kind, HttpFailureKind::tls_failed);
  wanted.tls.server_name = "ops.example";
  EXPECT_EQ(call(wanted)->body, "hello");
}

TEST(tls, a_client_certificate_is_told_to_the_handler_only_when_it_verifies) {
  Certificates certificates, others;
  certificates.issue("server", "IP:127.0.0.1");
  certificates.issue("agent", "DNS:agent-1");
  others.issue("agent", "DNS:agent-1");
  const auto answer_peer = [] {
    Router router;
    router.add({.method = "GET",
                .pattern = "/hello",
                .handler = [](ports::HttpRequest request, std::unique_ptr<ports::HttpResponder> responder) {
                  responder->answer({.status = 200, .headers = {}, .body = request.peer_certificate_sha256});
                }});
    return router;
  };
  ServerUnderTest server{answer_peer(), {}, with_tls(certificates, "server", true)};
  HttpCall wanted = get(server.port());
  wanted.tls.ca_file = certificates.file("ca.pem");
  EXPECT_EQ(call(wanted)->body, "") << "a client without a certificate is served, as nobody";
  wanted.tls.certificate_file = certificates.file("agent.pem");
  wanted.tls.key_file = certificates.file("agent.key");
  EXPECT_EQ(call(wanted)->body.size(), 64U);
  wanted.tls.certificate_file = others.file("agent.pem");
  wanted.tls.key_file = others.file("agent.key");
  EXPECT_FALSE(call(wanted).has_value());
  EXPECT_EQ(server.counters().requests, 2U);
  ServerUnderTest unasking{answer_peer(), {}, with_tls(certificates, "server", false)};
  wanted = get(unasking.port());
  wanted.tls.ca_file = certificates.file("ca.pem");
  wanted.tls.certificate_file = certificates.file("agent.pem");
  wanted.tls.key_file = certificates.file("agent.key");
  EXPECT_EQ(call(wanted)->body, "");
}

// What a client with these settings and a server of these versions agree on; "" when nothing.
std::string agreed(const Certificates& certificates, const TlsClientConfiguration& tls, int oldest, int newest) {
  const Result<TlsContext> client_context = make_tls_client(tls);
  const TlsContext server_context{SSL_CTX_new(TLS_server_method())};
  SSL_CTX_set_cipher_list(server_context.get(), "DEFAULT:@SECLEVEL=0");
  SSL_CTX_set_min_proto_version(server_context.get(), oldest);
  SSL_CTX_set_max_proto_version(server_context.get(), newest);
  SSL_CTX_use_certificate_chain_file(server_context.get(), certificates.file("server.pem").c_str());
  SSL_CTX_use_PrivateKey_file(server_context.get(), certificates.file("server.key").c_str(), SSL_FILETYPE_PEM);
  const std::unique_ptr<SSL, decltype(&SSL_free)> client{SSL_new(client_context->get()), SSL_free};
  const std::unique_ptr<SSL, decltype(&SSL_free)> server{SSL_new(server_context.get()), SSL_free};
  BIO *near = nullptr, *far = nullptr;
  BIO_new_bio_pair(&near, 0, &far, 0);
  SSL_set_bio(client.get(), near, near);
  SSL_set_bio(server.get(), far, far);
  SSL_set_connect_state(client.get());
  SSL_set_accept_state(server.get());
  for (int i = 0; i < 10; ++i) {
    SSL_do_handshake(client.get());
    SSL_do_handshake(server.get());
  }
  return SSL_is_init_finished(client.get()) == 1 ? SSL_get_version(client.get()) : "";
}

TEST(tls, versions_are_limited_on_both_sides) {
  Certificates certificates;
  certificates.issue("server", "IP:127.0.0.1");
  TlsClientConfiguration tls;
  tls.ca_file = certificates.file("ca.pem");
  EXPECT_EQ(agreed(certificates, tls, TLS1_VERSION, TLS1_3_VERSION), "TLSv1.3");
  EXPECT_EQ(agreed(certificates, tls, TLS1_VERSION, TLS1_1_VERSION), "") << "1.2 is the least unless somebody asks for less";
  tls.max_version = TlsVersion::tls12;
  EXPECT_EQ(agreed(certificates, tls, TLS1_VERSION, TLS1_3_VERSION), "TLSv1.2");
  tls.min_version = TlsVersion::tls11;
  EXPECT_EQ(agreed(certificates, tls, TLS1_VERSION, TLS1_1_VERSION), "TLSv1.1");
  EXPECT_EQ(agreed(certificates, tls, TLS1_VERSION, TLS1_VERSION), "");
  tls.min_version = TlsVersion::tls10;
  EXPECT_EQ(agreed(certificates, tls, TLS1_VERSION, TLS1_VERSION), "TLSv1");
  tls.max_version.reset();
  tls.min_version = TlsVersion::tls13;
  EXPECT_EQ(agreed(certificates, tls, TLS1_2_VERSION, TLS1_2_VERSION), "");
}

TEST(tls, renewed_files_hold_from_the_next_call_on_though_their_times_are_equal) {
  Certificates certificates, others;
  certificates.issue("server", "IP:127.0.0.1");
  ServerUnderTest server{echo_router(), {}, with_tls(certificates, "server")};
  LoopThread thread;
  std::unique_ptr<HttpCaller> caller;
  thread.run([&] { caller = std::make_unique<HttpCaller>(thread.loop); });
  HttpCall wanted = get(server.port());
  wanted.may_be_sent_twice = true;
  wanted.tls.ca_file = certificates.file("trusted.pem");
  const auto now_trusted = [&](const Certificates& of) {
    const std::string fresh = certificates.file("fresh.pem");
    std::filesystem::copy_file(of.file("ca.pem"), fresh);
    std::filesystem::last_write_time(fresh, std::filesystem::file_time_type{});
    std::filesystem::rename(fresh, wanted.tls.ca_file);
    std::promise<Outcome> promise;
    std::future<Outcome> future = promise.get_future();
    caller->start(wanted, [&](Outcome outcome) { promise.set_value(std::move(outcome)); });
    return future.get().has_value();
  };
  EXPECT_TRUE(now_trusted(certificates));
  EXPECT_FALSE(now_trusted(others)) << "nor does a kept connection outlive whom it trusted";
  EXPECT_TRUE(now_trusted(certificates));
  thread.run([&] { caller.reset(); });
}

TEST(tls, files_that_are_renewed_while_a_call_is_under_way_are_not_those_of_its_connection) {
  Certificates certificates, others;
  certificates.issue("server", "IP:127.0.0.1");
  const std::string trusted = certificates.file("trusted.pem");
  std::filesystem::copy_file(certificates.file("ca.pem"), trusted);
  Router router;
  router.add({.method = "GET",
              .pattern = "/hello",
              .handler = [&](const ports::HttpRequest&, std::unique_ptr<ports::HttpResponder> responder) {
                const std::string fresh = certificates.file("fresh.pem");
                std::filesystem::copy_file(others.file("ca.pem"), fresh);
                std::filesystem::rename(fresh, trusted);
                responder->answer({.status = 200, .headers = {}, .body = "hello"});
              }});
  ServerUnderTest server{std::move(router), {}, with_tls(certificates, "server")};
  LoopThread thread;
  std::unique_ptr<HttpCaller> caller;
  thread.run([&] { caller = std::make_unique<HttpCaller>(thread.loop); });
  HttpCall wanted = get(server.port());
  wanted.may_be_sent_twice = true;
  wanted.tls.ca_file = trusted;
  const auto is_answered = [&] {
    std::promise<Outcome> promise;
    std::future<Outcome> future = promise.get_future();
    caller->start(wanted, [&](Outcome outcome) { promise.set_value(std::move(outcome)); });
    return future.get().has_value();
  };
  EXPECT_TRUE(is_answered());
  EXPECT_FALSE(is_answered()) << "the server is not one of whom is trusted now";
  EXPECT_EQ(server.counters().requests, 1U);
  thread.run([&] { caller.reset(); });
}

TEST(tls, a_key_with_a_passphrase_is_refused_and_nobody_is_asked) {
  Certificates certificates;
  certificates.issue("agent", "DNS:agent-1");
  std::FILE* in = std::fopen(certificates.file("agent.key").c_str(), "r");
  EVP_PKEY* key = PEM_read_PrivateKey(in, nullptr, nullptr, nullptr);
  std::fclose(in);
  std::FILE* out = std::fopen(certificates.file("locked.key").c_str(), "w");
  std::string passphrase = "sesame";
  PEM_write_PrivateKey(out, key, EVP_aes_128_cbc(), reinterpret_cast<unsigned char*>(passphrase.data()), 6, nullptr, nullptr);
  std::fclose(out);
  EVP_PKEY_free(key);
  const Result<TlsContext> refused =
      make_tls_client({.certificate_file = certificates.file("agent.pem"), .key_file = certificates.file("locked.key")});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().text(), "read key " + certificates.file("locked.key") + ": the key has a passphrase");
}

TEST(tls, files_that_cannot_be_used_are_named) {
  Certificates certificates;
  certificates.issue("server", "IP:127.0.0.1");
  certificates.issue("other", "IP:127.0.0.1");
  HttpCall wanted = get(1);
  RawServer plain;
  wanted.url = "https://127.0.0.1:" + std::to_string(plain.port()) + "/";
  wanted.tls.ca_file = certificates.file("missing.pem");
  const Outcome outcome = call(wanted);
  EXPECT_EQ(outcome.error().kind, HttpFailureKind::call_invalid);
  EXPECT_NE(outcome.error().detail.find("missing.pem: No such file or directory"), std::string::npos) << outcome.error().detail;
  std::ofstream(certificates.file("empty.pem")) << "no certificate\n";
  wanted.tls.ca_file = certificates.file("empty.pem");
  EXPECT_NE(call(wanted).error().detail.find("empty.pem: "), std::string::npos) << call(wanted).error().detail;
  Loop loop;
  HttpServerSettings settings = with_tls(certificates, "server");
  settings.listen.front().tls->key_file = certificates.file("other.key");
  const auto listening = HttpServer::listen(loop, settings, Router{});
  ASSERT_FALSE(listening.has_value());
  EXPECT_EQ(word(listening.error().reason), "certificate_invalid");
}

TEST(tls, a_peer_that_does_not_speak_tls_fails_or_times_out_before_sending) {
  {
    ServerUnderTest plain{echo_router()};
    EXPECT_EQ(call(get(plain.port())).error().kind, HttpFailureKind::tls_failed);
  }
  RawServer silent;
  HttpCall wanted = get(silent.port());
  wanted.connect_timeout = Duration::milliseconds(100);
  EXPECT_EQ(call(wanted).error().kind, HttpFailureKind::timed_out_before_sending);
  // And the other way round: a client that opens a connection and never shakes hands.
  Certificates certificates;
  certificates.issue("server", "IP:127.0.0.1");
  HttpLimits limits;
  limits.header_timeout = Duration::milliseconds(50);
  ServerUnderTest server{echo_router(), limits, with_tls(certificates, "server")};
  RawClient client = server.connect();
  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(server.counters().slow_header, 1U);
}

}  // namespace
}  // namespace watchbill::drivers::net
