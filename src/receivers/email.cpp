// Mail. Source: Alertmanager 0.25 notify/email/email.go. Unlike there port 465 is TLS at once and nothing more, as in later
// releases, and a mail whose parts are all left out says plainly what it is about.
#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/sha256.h"
#include "receivers/kinds.h"
#include "receivers/mail_address.h"
#include "receivers/mail_message.h"
#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

constexpr std::uint16_t port_of_tls = 465;
constexpr std::string_view default_subject = R"({{ template "email.default.subject" . }})";

struct MailServer {
  std::string host;
  std::uint16_t port{0};
};

// "mail.example.net:587", "[2001:db8::7]:25"; a port may be a service's name.
std::optional<MailServer> mail_server(std::string_view smarthost) {
  const std::size_t colon = smarthost.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view host = smarthost.substr(0, colon), port = smarthost.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos) return std::nullopt;
  constexpr std::pair<std::string_view, std::uint16_t> services[] = {{"smtp", 25}, {"smtps", 465}, {"submission", 587}};
  for (const auto& [name, number] : services)
    if (port == name) return MailServer{std::string(host), number};
  std::uint16_t number = 0;
  const auto [after, failure] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (failure != std::errc{} || after != port.data() + port.size() || number == 0) return std::nullopt;
  return MailServer{std::string(host), number};
}

// A file that holds a password ends with its line.
std::string without_line_end(std::string_view secret) {
  return std::string(secret.substr(0, secret.find_last_not_of("\r\n") + 1));
}

class Email final : public Attempt {
 public:
  Email(ChannelPointer channel, Notification notification, Instant now)
      : Attempt(std::move(channel), std::move(notification), now), now_(now) {}

  Step begin() override {
    const std::optional<MailServer> server = mail_server(rendering().setting("smarthost"));
    if (!server) return cannot_be_told("no_smarthost");
    const std::string from_text = rendering().text("from"), to_text = rendering().text("to");
    const Result<std::vector<MailAddress>> from = parse_mail_addresses(from_text), to = parse_mail_addresses(to_text);
    if (!from) return cannot_be_told("invalid from: " + from.error().detail);
    if (from->size() != 1) return cannot_be_told("invalid from: expected exactly one address");
    if (!to) return cannot_be_told("invalid to: " + to.error().detail);

    ports::MailCall call;
    call.host = server->host;
    call.port = server->port;
    call.encryption = encryption(server->port);
    if (const std::string hello = rendering().setting("hello"); !hello.empty()) call.hello = hello;
    call.username = rendering().setting("auth_username");
    call.identity = rendering().setting("auth_identity");
    call.password = without_line_end(rendering().secret("auth_password"));
    call.secret = without_line_end(rendering().secret("auth_secret"));
    call.from = from->front().address;
    for (const MailAddress& each : *to) call.recipients.push_back(each.address);
    call.message = mail_bytes(message(from_text, to_text, call.from));
    return call;
  }

  // A mail is no HTTP call: nobody asks.
  Step go_on(const ports::HttpAnswer&) override { return cannot_be_told("no_mail"); }

 private:
  ports::MailEncryption encryption(std::uint16_t port) {
    const std::string forced = rendering().setting("force_implicit_tls");
    if (forced == "true" || (forced.empty() && port == port_of_tls)) return ports::MailEncryption::at_once;
    return rendering().is_true("require_tls") ? ports::MailEncryption::required : ports::MailEncryption::none;
  }

  MailMessage message(const std::string& from_text, const std::string& to_text, std::string_view from) {
    MailMessage mail;
    mail.headers = headers(from_text, to_text);
    mail.message_id = message_id(to_text, from);
    mail.date = now_;
    if (!rendering().setting("text").empty()) mail.text = rendering().message("text");
    if (!rendering().setting("html").empty()) mail.html = html();
    if (mail.text.empty() && mail.html.empty()) mail.text = plain_text(rendering().notification());
    return mail;
  }

  // From, To and Subject first, whether they are given or not.
  std::vector<std::pair<std::string, std::string>> headers(const std::string& from_text, const std::string& to_text) {
    std::map<std::string, std::string> given;
    for (auto& [name, value] : rendering().texts("headers")) given[canonical_header_name(name)] = std::move(value);
    given.emplace("From", from_text);
    given.emplace("To", to_text);
    if (given.find("Subject") == given.end())
      given.emplace("Subject", rendering().rendered(std::string(default_subject), "subject"));
    if (trimmed(given["Subject"]).empty()) given["Subject"] = plain_title(rendering().notification());
    std::vector<std::pair<std::string, std::string>> out;
    for (const char* first : {"From", "To", "Subject"}) out.emplace_back(first, std::move(given.extract(first).mapped()));
    for (auto& each : given) out.emplace_back(each.first, std::move(each.second));
    if (rendering().is_true("threading.enabled"))
      for (const char* name : {"References", "In-Reply-To"}) out.emplace_back(name, thread_root());
    return out;
  }

  // The id of no mail at all: programs show what answers to it as one thread. Source: Alertmanager 0.30 notify/email/email.go.
  std::string thread_root() {
    const bool is_daily = rendering().setting("threading.thread_by_date") != "none";
    return "<alert-" + group_hash(rendering().notification()).substr(0, 16) + "-" +
           (is_daily ? format_rfc3339(now_).substr(0, 10) : std::string{}) + "@alertmanager>";
  }

  std::string html() {
    const std::size_t failures = rendering().failure_count();
    std::string text = rendering().html("html");
    // Without them the lines of the plain text would run into each other.
    return rendering().failure_count() == failures ? text : "<pre>" + text + "</pre>";
  }

  // The same in all attempts: where one is told twice, the mailbox can see that it is one message.
  std::string message_id(std::string_view to_text, std::string_view from) {
    const Notification& notification = rendering().notification();
    Sha256 sum;
    sum.add(rendering().setting("smarthost")).add("\n").add(from).add("\n").add(to_text).add("\n");
    if (notification.delivery.empty()) sum.add(notification.payload).add(std::to_string(now_.ms));
    else sum.add(notification.delivery);
    std::string host(from.substr(from.rfind('@') + 1));
    if (std::any_of(host.begin(), host.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) host = "localhost";
    return "<" + sum.finish().hex().substr(0, 32) + "@" + host + ">";
  }

  const Instant now_;
};

}  // namespace

ConversationPointer begin_email(ChannelPointer channel, Notification notification, Instant now) {
  return std::make_unique<Email>(std::move(channel), std::move(notification), now);
}

}  // namespace watchbill::receivers
