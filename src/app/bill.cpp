#include "app/bill.h"

#include <algorithm>

#include "app/emitted.h"
#include "app/notify_settings.h"
#include "cli/check.h"
#include "config/disk.h"
#include "model/codec.h"

namespace watchbill::app {
namespace {

// The first line of a file, without blanks at its end. Fails as reading does, and (invalid) when that line is empty or holds what
// no header or URL can.
Result<std::string> read_secret(const config::FileReader& files, const std::string& path) {
  Result<std::string> text = files.read(path);
  if (!text) return text;
  std::string line = text->substr(0, text->find('\n'));
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.pop_back();
  const bool is_printable = std::all_of(line.begin(), line.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (line.empty() || !is_printable)
    return Error{ErrorKind::invalid, "read", path, "expected one line of printable ASCII without blanks"};
  return line;
}

// The disk, with a digest of every file that is read from it.
class NotedFiles {
 public:
  [[nodiscard]] config::FileReader reader() {
    config::FileReader files = config::disk_files();
    const auto read = [this, read = files.read](const std::string& path) {
      Result<std::string> text = read(path);
      sum_.add(path).add("\n").add(text ? sha256(*text).hex() : std::string("unreadable")).add("\n");
      return text;
    };
    return {read, files.list, files.can_read};
  }
  [[nodiscard]] Digest digest() { return sum_.finish(); }

 private:
  Sha256 sum_;
};

class SecretReader {
 public:
  SecretReader(const std::string& path, BillReading& reading) : path_(path), reading_(reading), files_(config::disk_files()) {}

  // The secret in `file`, or "" after a finding about the key that names it.
  std::string read(const std::string& file, std::string key) {
    Result<std::string> secret = read_secret(files_, file);
    if (secret) return std::move(*secret);
    reading_.loaded.findings.push_back(
        {config::Severity::error, "file_unreadable", {path_, {}}, std::move(key), secret.error().text()});
    has_failed_ = true;
    return {};
  }
  [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }

 private:
  const std::string& path_;
  BillReading& reading_;
  config::FileReader files_;
  bool has_failed_{false};
};

std::vector<api::Token> read_tokens(const AccessConfiguration& access, SecretReader& secrets) {
  std::vector<api::Token> tokens;
  for (const auto& [name, token] : access.tokens)
    tokens.push_back({name, sha256(secrets.read(token.file, "access.tokens." + name + ".file")), token.roles});
  return tokens;
}

// What the journal keeps is never rewritten, and an Alertmanager file has secrets in it: in their place stands enough of a digest
// to see that one has changed, and too little to try passwords against.
std::string digest_of(const std::string& secret) {
  constexpr std::size_t digits_kept = 8;
  return "sha256:" + sha256(secret).hex().substr(0, digits_kept);
}

// "https://USER:PASSWORD@HOST/" in any text of a setting.
void hide_users(PlanValue& value) {
  if (auto* text = std::get_if<std::string>(&value.value)) {
    const std::size_t scheme = text->find("://");
    if (scheme == std::string::npos) return;
    const std::size_t end = text->find_first_of("/?#", scheme + 3), at = text->rfind('@', end);
    if (at != std::string::npos && at > scheme)
      text->replace(scheme + 3, at - scheme - 3, digest_of(text->substr(scheme + 3, at - scheme - 3)));
  }
  if (auto* list = std::get_if<PlanValue::List>(&value.value))
    for (PlanValue& each : *list) hide_users(each);
  if (auto* map = std::get_if<PlanValue::Map>(&value.value))
    for (auto& [name, each] : *map) hide_users(each);
}

std::string text_for_journal(Configuration configuration) {
  if (configuration.routing)
    for (auto& [name, receiver] : configuration.routing->receivers)
      for (IntegrationConfiguration& integration : receiver.integrations) {
        for (auto& [key, secret] : integration.secrets) secret = digest_of(secret);
        for (auto& [key, value] : integration.settings) hide_users(value);
      }
  return canonical_text(configuration);
}

config::Loaded load(const BillSource& source, const config::FileReader& files) {
  config::LoadOptions options = cli::load_options();
  options.metrics = own_metrics();
  options.own_addresses = source.own_addresses;
  if (!source.bill.empty()) return config::load_bill(source.bill, files, options);
  return config::load_neighbours(source.neighbours, files, options);
}

template <class T>
bool differ(const T& a, const T& b) {
  return canonical_text(a) != canonical_text(b);
}

}  // namespace

std::string BillSource::text() const {
  if (!bill.empty()) return bill;
  const bool has_both = !neighbours.prometheus.empty() && !neighbours.alertmanager.empty();
  return neighbours.prometheus + (has_both ? " and " : "") + neighbours.alertmanager;
}

BillReading read_bill(const BillSource& source) {
  NotedFiles files;
  BillReading reading{load(source, files.reader()), std::nullopt, {}};
  const std::string path = source.text();
  reading.files = files.digest();
  if (!reading.loaded.configuration) return reading;
  SecretReader secrets(path, reading);
  Bill bill;
  bill.configuration = std::move(*reading.loaded.configuration);
  reading.loaded.configuration.reset();
  // Links in messages lead to where a drop-in start listens.
  if (source.bill.empty() && !source.own_addresses.empty()) bill.configuration.listen = source.own_addresses;
  bill.text = text_for_journal(bill.configuration);
  bill.digest = sha256(bill.text);
  bill.prometheus_text = std::move(reading.loaded.prometheus_text);
  bill.alertmanager_text = std::move(reading.loaded.alertmanager_text);
  bill.tokens = read_tokens(bill.configuration.access, secrets);
  Result<drivers::notify::NotifySettings> notify = notify_settings(bill.configuration, reading.loaded.notification_templates);
  if (!notify) {
    reading.loaded.findings.push_back(
        {config::Severity::error, "template_invalid", {path, {}}, "templates", notify.error().text()});
    return reading;
  }
  bill.notify = std::move(*notify);
  Result<watch::MetricsPlan> metrics = watch::plan_metrics(bill.configuration);
  if (!metrics)
    reading.loaded.findings.push_back(
        {config::Severity::error, "rule_invalid", {path, {}}, metrics.error().on, metrics.error().detail});
  if (!metrics || secrets.has_failed()) return reading;
  metrics->keeps_own = !source.bill.empty();
  bill.metrics = std::make_shared<const watch::MetricsPlan>(std::move(*metrics));
  reading.bill = std::move(bill);
  return reading;
}

api::AccessSettings access_settings(const std::string& admin_token, const Bill* bill) {
  api::AccessSettings settings;
  settings.tokens.push_back(api::Token{"admin", sha256(admin_token), {"admin"}});
  if (bill == nullptr) return settings;
  settings.tokens.insert(settings.tokens.end(), bill->tokens.begin(), bill->tokens.end());
  settings.opens_neighbours_paths = bill->configuration.access.compatible == CompatibleAccess::open;
  switch (bill->configuration.access.anonymous) {
    case AnonymousRole::viewer: settings.anonymous_role = "viewer"; break;
    case AnonymousRole::operator_: settings.anonymous_role = "operator"; break;
    case AnonymousRole::none: settings.anonymous_role.clear(); break;
  }
  return settings;
}

std::vector<std::string> keys_for_restart(const Configuration& running, const Configuration& next) {
  std::vector<std::string> keys;
  if (running.data != next.data) keys.emplace_back("data");
  if (running.evaluation.debounce != next.evaluation.debounce) keys.emplace_back("evaluation.debounce");
  if (running.external_url != next.external_url) keys.emplace_back("external_url");
  if (running.listen != next.listen) keys.emplace_back("listen");
  if (differ(running.storage, next.storage)) keys.emplace_back("storage");
  const bool has_other_files = running.tls && next.tls && differ(*running.tls, *next.tls);
  if (running.tls.has_value() != next.tls.has_value() || has_other_files) keys.emplace_back("tls");
  return keys;
}

}  // namespace watchbill::app
