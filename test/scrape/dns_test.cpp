// Targets that records of names lead to: what is asked, what an answer is, what stays when there is none.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "drivers/net/loop.h"
#include "drivers/scrape/dns_targets.h"
#include "scrape/name_server.h"

namespace watchbill::drivers::scrape {
namespace {

using namespace scrape_test;
using Names = std::vector<std::string>;
using Found = Result<std::vector<DnsRecord>>;

TEST(names_to_ask, are_those_of_a_resolver) {
  const Names domains{"a.example", "."};
  EXPECT_EQ(names_to_ask("web.", domains, 1), (Names{"web"}));
  EXPECT_EQ(names_to_ask("web", domains, 1), (Names{"web.a.example", "web", "web"}));
  EXPECT_EQ(names_to_ask("_http._tcp.web", domains, 2), (Names{"_http._tcp.web", "_http._tcp.web.a.example", "_http._tcp.web"}));
  EXPECT_EQ(names_to_ask("_http._tcp.web", domains, 3), (Names{"_http._tcp.web.a.example", "_http._tcp.web", "_http._tcp.web"}));
  EXPECT_EQ(names_to_ask("web", {}, 1), (Names{"web"}));
}

std::string text_of(const Found& found) {
  if (!found) return found.error().text();
  std::string out;
  for (const DnsRecord& record : *found) out += record.host + (record.port == 0 ? "" : " " + std::to_string(record.port)) + ";";
  return out;
}

std::string text_of(const Records& records, DnsRecordType type, int number) {
  const std::string question = std::string("\0\1\1\0\0\1\0\0\0\0\0\0", 12) + name_bytes("web.example") +
                               std::string{'\0', static_cast<char>(number), '\0', '\1'};
  const std::string answer = answer_bytes(question, records, false);
  return text_of(records_in({reinterpret_cast<const std::uint8_t*>(answer.data()), answer.size()}, type));
}

TEST(records_in, an_answer_are_those_of_the_type_in_their_order) {
  const Records::Record alias{type_cname, name_bytes("other.example")};
  EXPECT_EQ(text_of({.records = {alias, {type_a, address_bytes("192.0.2.9")}, {type_a, address_bytes("192.0.2.1")}}},
                    DnsRecordType::a, type_a),
            "192.0.2.9;192.0.2.1;");
  EXPECT_EQ(text_of({.records = {alias}}, DnsRecordType::a, type_a), "");
  EXPECT_EQ(text_of({.records = {{type_aaaa, address_bytes("2001:db8::1")}}}, DnsRecordType::aaaa, type_aaaa), "2001:db8::1;");
  EXPECT_EQ(text_of({.records = {{type_srv, srv_bytes(9100, "a.example")}, {type_srv, srv_bytes(0, "")},
                                 {type_srv, srv_bytes(9101, "a.example")}}},
                    DnsRecordType::srv, type_srv),
            "a.example 9100;a.example 9101;")
      << "the root says that there is no service";
  EXPECT_EQ(text_of({.records = {{type_mx, mx_bytes("mail.example")}}}, DnsRecordType::mx, type_mx), "mail.example;");
  EXPECT_NE(text_of({.records = {{type_srv, srv_bytes(1, "a")}}, .is_broken = true}, DnsRecordType::srv, type_srv).find("read"),
            std::string::npos);
  EXPECT_FALSE(records_in({}, DnsRecordType::a).has_value());
}

class Asking : public ::testing::Test {
 protected:
  Asking() : thread_([this] { loop_.run(); }) { begin({server_.address(), Duration::milliseconds(100), 2}); }
  ~Asking() override {
    run([this] { resolver_.reset(); });
    loop_.stop();
    thread_.join();
  }
  void run(const std::function<void()>& task) {
    std::promise<void> done;
    loop_.post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }
  void begin(Resolver::Settings settings) {
    run([&] { resolver_.emplace(loop_, std::move(settings)); });
  }
  std::future<Found> asking(const std::string& name, DnsRecordType type) {
    auto promise = std::make_shared<std::promise<Found>>();
    run([&] { resolver_->look_up(name, type, [promise](Found found) { promise->set_value(std::move(found)); }); });
    return promise->get_future();
  }
  std::string ask(const std::string& name, DnsRecordType type = DnsRecordType::a) {
    std::future<Found> found = asking(name, type);
    return found.wait_for(std::chrono::seconds(20)) == std::future_status::ready ? text_of(found.get()) : "no answer came";
  }

  NameServer server_;
  net::Loop loop_;
  std::thread thread_;
  std::optional<Resolver> resolver_;
};

TEST_F(Asking, finds_the_records_of_each_type) {
  server_.answer("web.example", type_a,
                 {.records = {{type_a, address_bytes("192.0.2.1")}, {type_a, address_bytes("192.0.2.2")}}});
  server_.answer("web.example", type_aaaa, {.records = {{type_aaaa, address_bytes("2001:db8::1")}}});
  server_.answer("_http._tcp.example", type_srv, {.records = {{type_srv, srv_bytes(9100, "web.example")}}});
  server_.answer("example", type_mx, {.records = {{type_mx, mx_bytes("mail.example")}}});
  EXPECT_EQ(ask("web.example"), "192.0.2.1;192.0.2.2;");
  EXPECT_EQ(ask("WEB.example.", DnsRecordType::aaaa), "2001:db8::1;");
  EXPECT_EQ(ask("_http._tcp.example", DnsRecordType::srv), "web.example 9100;");
  EXPECT_EQ(ask("example", DnsRecordType::mx), "mail.example;");
}

TEST_F(Asking, what_does_not_exist_or_has_no_such_records_is_an_answer) {
  server_.answer("empty.example", type_a, {});
  EXPECT_EQ(ask("empty.example"), "");
  EXPECT_EQ(ask("absent.example"), "");
}

TEST_F(Asking, an_error_and_silence_are_no_answer_and_end) {
  server_.answer("failing.example", type_a, {.code = 2});
  server_.answer("refused.example", type_a, {.code = 5});
  server_.answer("silent.example", type_a, {.is_silent = true});
  server_.answer("broken.example", type_a, {.records = {{type_a, address_bytes("192.0.2.1")}}, .is_broken = true});
  for (const std::string name : {"failing.example", "refused.example", "silent.example", "broken.example"})
    EXPECT_TRUE(ask(name).starts_with("look up " + name + ": no name server gave a valid answer: ")) << ask(name);
  begin({"127.0.0.1:1", Duration::milliseconds(100), 2});
  EXPECT_TRUE(ask("web.example").starts_with("look up web.example: no name server gave a valid answer: ")) << ask("web.example");
}

TEST_F(Asking, an_answer_that_does_not_fit_is_asked_for_over_tcp) {
  Records many{.is_cut = true};
  std::string all;
  for (int i = 0; i < 200; ++i) {
    many.records.push_back({type_srv, srv_bytes(static_cast<std::uint16_t>(9000 + i), "host.with.a.long.name.example")});
    all += "host.with.a.long.name.example " + std::to_string(9000 + i) + ";";
  }
  server_.answer("_many._tcp.example", type_srv, many);
  EXPECT_EQ(ask("_many._tcp.example", DnsRecordType::srv), all);
  EXPECT_EQ(server_.asked(), (Names{"_many._tcp.example 33 udp", "_many._tcp.example 33 tcp"}));
}

TEST_F(Asking, names_with_few_dots_are_asked_below_the_domains_too) {
  ASSERT_EQ(::setenv("LOCALDOMAIN", "one.example two.example", 1), 0);
  begin({server_.address(), Duration::milliseconds(100), 1});
  server_.answer("web.two.example", type_a, {.records = {{type_a, address_bytes("192.0.2.7")}}});
  EXPECT_EQ(ask("web"), "192.0.2.7;");
  EXPECT_EQ(server_.asked(), (Names{"web.one.example 1 udp", "web.two.example 1 udp"}));
  // One name that could not be asked for may be the one that exists.
  server_.answer("db.one.example", type_a, {.code = 2});
  EXPECT_TRUE(ask("db").starts_with("look up db: no name server")) << ask("db");
  server_.answer("db", type_a, {.records = {{type_a, address_bytes("192.0.2.8")}}});
  EXPECT_EQ(ask("db"), "192.0.2.8;");
  // A name that exists without such records ends the search.
  server_.answer("db.two.example", type_a, {});
  EXPECT_EQ(ask("db"), "");
  ::unsetenv("LOCALDOMAIN");
}

TEST_F(Asking, many_names_are_asked_for_at_once) {
  std::vector<std::future<Found>> answers;
  for (int i = 0; i < 300; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example";
    server_.answer(name, type_a, {.records = {{type_a, address_bytes("192.0.2." + std::to_string(i % 250))}}});
    answers.push_back(asking(name, DnsRecordType::a));
  }
  for (std::size_t i = 0; i < answers.size(); ++i) {
    ASSERT_EQ(answers[i].wait_for(std::chrono::seconds(20)), std::future_status::ready) << i;
    EXPECT_EQ(text_of(answers[i].get()), "192.0.2." + std::to_string(i % 250) + ";");
  }
}

TEST_F(Asking, who_is_gone_is_called_no_more) {
  server_.answer("silent.example", type_a, {.is_silent = true});
  std::future<Found> one = asking("silent.example", DnsRecordType::a);
  run([this] { resolver_.reset(); });
  EXPECT_THROW(static_cast<void>(one.get()), std::future_error);
}

DnsDiscoveryConfiguration wanted(DnsRecordType type, Names names = {"web.example"}) {
  DnsDiscoveryConfiguration out;
  out.names = std::move(names);
  out.type = type;
  out.port = 9100;
  return out;
}

std::string text_of(const std::vector<StaticTargets>& groups) {
  std::string out;
  for (const StaticTargets& group : groups) out += group.targets.at(0) + " " + group.labels.text() + ";";
  return out;
}

TEST(targets_in, records_have_the_addresses_and_labels_of_prometheus) {
  EXPECT_EQ(text_of(targets_in({{"192.0.2.1", 0}, {"2001:db8::1", 0}}, "web.example", wanted(DnsRecordType::a))),
            "192.0.2.1:9100 {__meta_dns_name=\"web.example\"};[2001:db8::1]:9100 {__meta_dns_name=\"web.example\"};");
  EXPECT_EQ(text_of(targets_in({{"a.example", 9200}}, "_http._tcp.example", wanted(DnsRecordType::srv))),
            "a.example:9200 {__meta_dns_name=\"_http._tcp.example\", __meta_dns_srv_record_port=\"9200\", "
            "__meta_dns_srv_record_target=\"a.example.\"};");
  EXPECT_EQ(text_of(targets_in({{"mail.example", 0}}, "example", wanted(DnsRecordType::mx))),
            "mail.example:9100 {__meta_dns_mx_record_target=\"mail.example.\", __meta_dns_name=\"example\"};");
}

class NamesOf : public ::testing::Test, public ports::IoLoop {
 protected:
  void post(std::function<void()> task) override { task(); }
  ports::TimerId after(Duration delay, std::function<void()> task) override {
    EXPECT_TRUE(delay == Duration::seconds(30) || delay == Duration::milliseconds(100));
    (delay == Duration::seconds(30) ? timers_ : telling_)[++last_id_] = std::move(task);
    return ports::TimerId{last_id_};
  }
  void cancel(ports::TimerId timer) override {
    timers_.erase(static_cast<std::uint64_t>(timer));
    telling_.erase(static_cast<std::uint64_t>(timer));
  }
  Status watch(int, ports::Readiness, std::function<void(ports::Readiness)>) override { return {}; }
  void unwatch(int) override {}

  void answer(const std::string& name, const Found& found) {
    ASSERT_TRUE(asked_.contains(name)) << name;
    const auto done = asked_.at(name);
    asked_.erase(name);
    done(found);
  }
  void next() {
    ASSERT_EQ(timers_.size(), 1U);
    const auto task = std::move(timers_.begin()->second);
    timers_.clear();
    task();
  }
  // So many were told, a moment later.
  [[nodiscard]] int change_count() {
    for (const auto& [id, tell] : std::exchange(telling_, {})) tell();
    return change_count_;
  }
  [[nodiscard]] std::string found() const { return text_of(names_.groups_of(written_)); }
  static std::vector<DnsRecord> at(const std::string& host) { return {{host, 0}}; }
  static Error silence() { return {ErrorKind::interrupted, "look up", "web.example", "silence"}; }

  std::map<std::uint64_t, std::function<void()>> timers_, telling_;
  std::uint64_t last_id_{0};
  std::map<std::string, Resolver::Done> asked_;
  std::vector<std::string> complaints_;
  int change_count_{0};
  const DnsDiscoveryConfiguration written_ = wanted(DnsRecordType::a, {"web.example", "db.example"});
  DnsTargets names_{{*this,
                     [this](const std::string& name, DnsRecordType type, Resolver::Done done) {
                       EXPECT_EQ(type, DnsRecordType::a);
                       EXPECT_FALSE(asked_.contains(name)) << "it is asked for already";
                       asked_[name] = std::move(done);
                     },
                     [this] { ++change_count_; }, [this](const std::string& text) { complaints_.push_back(text); },
                     [this](const DnsDiscoveryConfiguration&, bool is_good) { ++(is_good ? good_count_ : failed_count_); }}};
  int good_count_{0}, failed_count_{0};
};

constexpr const char* web = "192.0.2.1:9100 {__meta_dns_name=\"web.example\"};";
constexpr const char* db = "192.0.2.9:9100 {__meta_dns_name=\"db.example\"};";

TEST_F(NamesOf, a_lookup_that_fails_keeps_what_its_name_led_to_and_no_other) {
  names_.configure({written_, written_});
  answer("web.example", at("192.0.2.1"));
  answer("db.example", at("192.0.2.9"));
  EXPECT_EQ(found(), std::string(db) + web);
  EXPECT_EQ(change_count_, 0);
  EXPECT_EQ(change_count(), 1) << "answers of one moment are one change";
  next();
  answer("web.example", silence());
  answer("db.example", std::vector<DnsRecord>());
  EXPECT_EQ(found(), web) << "and a name that leads nowhere has none";
  next();
  answer("web.example", silence());
  EXPECT_EQ(complaints_, Names{"targets: look up web.example: silence; those that it named last stay"});
  EXPECT_EQ(failed_count_, 2) << "each time";
  EXPECT_GE(good_count_, 1);
  next();
  EXPECT_TRUE(asked_.contains("web.example"));
  answer("web.example", at("192.0.2.1"));
  EXPECT_EQ(complaints_.back(), "targets: web.example is looked up again");
  EXPECT_EQ(change_count(), 2) << "the end of db.example; nothing has changed since";
}

TEST_F(NamesOf, the_order_of_an_answer_is_no_change) {
  names_.configure({written_});
  answer("web.example", std::vector<DnsRecord>{{"192.0.2.2", 0}, {"192.0.2.1", 0}});
  EXPECT_EQ(change_count(), 1);
  next();
  answer("web.example", std::vector<DnsRecord>{{"192.0.2.1", 0}, {"192.0.2.2", 0}});
  EXPECT_EQ(change_count(), 1);
}

TEST_F(NamesOf, what_stays_in_the_bill_keeps_its_targets_and_what_leaves_is_asked_no_more) {
  names_.configure({written_});
  answer("web.example", at("192.0.2.1"));
  names_.configure({written_});
  EXPECT_EQ(found(), web);
  names_.configure({});
  EXPECT_EQ(found(), "");
  EXPECT_TRUE(timers_.empty());
  answer("db.example", at("192.0.2.9"));
  EXPECT_EQ(found(), "");
  EXPECT_EQ(change_count(), 1) << "a late answer means nothing";
}

TEST_F(NamesOf, nobody_is_told_after_the_end) {
  names_.configure({written_});
  answer("web.example", at("192.0.2.1"));
  names_.stop();
  EXPECT_EQ(change_count(), 0);
  EXPECT_TRUE(timers_.empty());
}

}  // namespace
}  // namespace watchbill::drivers::scrape
