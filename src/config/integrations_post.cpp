// Where messages are posted, mailed or sent: webhook, email, pushover, sns.
#include <cctype>
#include <set>

#include <fmt/core.h>

#include "config/integrations.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

// --- webhook

// Later releases take templates, and URLs that are one are none.
void read_webhook_url(const Cursor& at, IntegrationConfiguration& out) {
  const bool is_template = at.node().kind == NodeKind::scalar && at.node().text.find("{{") != std::string::npos;
  if (is_template) return at.complain("not_yet_supported", "this release takes no templates in URLs of webhooks");
  store_secret_url(at, out);
}

// Not hidden where clients are shown the file: amtool 0.25 reads it back.
constexpr auto webhook = table<IntegrationConfiguration>(
    "receivers[].webhook_configs[]", resolved_key("true"), http_config_key(),
    whole<IntegrationConfiguration, read_webhook_url>(
        "url", "URL", "", "where messages are posted; exactly one of url and url_file; kept as a secret"),
    secret_file_key("url_file"),
    whole<IntegrationConfiguration, store_max_alerts>("max_alerts", "number", "0",
                                                      "alerts of one message, the rest is counted; 0: all"),
    setting_key<IntegrationConfiguration, store_go_duration>("timeout", "duration (Go)", "", "of one call; 0s: as all"),
    later<IntegrationConfiguration>("payload", "a payload of one's own"));

void check_webhook(const Cursor& at, IntegrationConfiguration& out) {
  if (!at.has("url") && !out.secret_files.contains("url"))
    at.complain("missing_key", "expected exactly one of the keys url and url_file");
}

// --- email

constexpr std::array<std::string_view, 2> thread_words{"none", "daily"};
constexpr auto threading = table<IntegrationConfiguration>(
    "receivers[].email_configs[].threading", truth_key("enabled", "false", "mails of one group are one thread"),
    whole<IntegrationConfiguration, store_word<thread_words, IntegrationConfiguration>>(
        "thread_by_date", "none or daily", "", "daily: each day has its own threads; needed when enabled"));

void read_smarthost(const Cursor& at, IntegrationConfiguration& out) { store_address(at, out.settings); }

constexpr auto email = table<IntegrationConfiguration>(
    "receivers[].email_configs[]", resolved_key("false"),
    required(setting_key<IntegrationConfiguration, store_filled>("to", template_type, "", "addresses, with commas between")),
    template_key("from", "", "the sender's address; else smtp_from of global"),
    text_key("hello", "", "the name that the server is told; else smtp_hello of global"),
    whole<IntegrationConfiguration, read_smarthost>("smarthost", "HOST:PORT", "", "the server; else smtp_smarthost of global"),
    text_key("auth_username", "", "who logs in; else smtp_auth_username of global"),
    secret_key("auth_password", "of LOGIN and PLAIN; else that of global"), secret_file_key("auth_password_file"),
    secret_key("auth_secret", "of CRAM-MD5; else that of global"), secret_file_key("auth_secret_file"),
    text_key("auth_identity", "", "of PLAIN; else smtp_auth_identity of global"),
    setting_key<IntegrationConfiguration, store_texts>("headers", templates_type, "",
                                                       "replace From, To and Subject, and add others"),
    template_key("html", R"({{ template "email.default.html" . }})", "the mail as HTML; \"\": none"),
    template_key("text", "", "the mail as plain text"),
    truth_key("require_tls", "", "STARTTLS or no mail; else smtp_require_tls of global"),
    whole<IntegrationConfiguration, store_tls_config>("tls_config", "settings", "", "as of jobs; else smtp_tls_config of global"),
    truth_key("force_implicit_tls", "", "TLS from the first byte, or never; left out: at port 465"),
    whole<IntegrationConfiguration, store_object<threading, IntegrationConfiguration>>("threading", "settings", "", ""));

// As Go writes names of headers: the first letter and those behind "-" large, the others small.
std::string canonical_header(std::string name) {
  bool is_first = true;
  for (char& c : name) {
    const auto letter = static_cast<unsigned char>(c);
    c = static_cast<char>(is_first ? std::toupper(letter) : std::tolower(letter));
    is_first = c == '-';
  }
  return name;
}

void check_headers(const Cursor& at, IntegrationConfiguration& out) {
  PlanValues canonical;
  const auto written = out.settings.find("headers");
  if (written != out.settings.end() && written->second.as_map() != nullptr)
    for (const auto& [name, value] : *written->second.as_map()) {
      const std::string header = canonical_header(name);
      if (!canonical.try_emplace(header, value).second)
        value_of(at, "headers")
            ->complain("duplicate_name", fmt::format("the header {} is written twice: its letters' case does not count", header));
    }
  if (text_of(out.settings, "threading.enabled") == "true")
    for (const std::string_view header : {"References", "In-Reply-To"})
      if (canonical.contains(std::string(header)))
        value_of(at, "headers")->complain("out_of_range", fmt::format("expected no header {} beside threading", header));
  canonical.try_emplace("Subject", R"({{ template "email.default.subject" . }})");
  out.settings["headers"] = std::move(canonical);
}

void check_email(const Cursor& at, IntegrationConfiguration& out) {
  need_setting(at, out, "smarthost", "smtp_smarthost");
  need_setting(at, out, "from", "smtp_from");
  check_headers(at, out);
  if (text_of(out.settings, "threading.enabled") == "true" && !is_filled(out, "threading.thread_by_date"))
    value_of(at, "threading")->complain("missing_key", "the key thread_by_date is required: none or daily");
}

// --- pushover

constexpr auto pushover = table<IntegrationConfiguration>(
    "receivers[].pushover_configs[]", resolved_key("true"), http_config_key(),
    secret_key("user_key", "of the user or the group", secret_template_type), secret_file_key("user_key_file"),
    secret_key("token", "of the application", secret_template_type), secret_file_key("token_file"),
    template_key("title", R"({{ template "pushover.default.title" . }})", "at most 250 characters"),
    template_key("message", R"({{ template "pushover.default.message" . }})", "at most 1024 characters"),
    template_key("url", R"({{ template "pushover.default.url" . }})", "shown with the message"),
    template_key("url_title", "", "what the URL is called"), template_key("device", "", "one device of the user"),
    template_key("sound", "", "of the message"),
    template_key("priority", R"({{ if eq .Status "firing" }}2{{ else }}0{{ end }})", "2 is an emergency, 0 normal"),
    setting_key<IntegrationConfiguration, store_go_duration>("retry", "duration (Go)", "1m", "an emergency is said again"),
    setting_key<IntegrationConfiguration, store_go_duration>("expire", "duration (Go)", "1h", "until then"),
    setting_key<IntegrationConfiguration, store_go_duration>("ttl", "duration (Go)", "", "then the message goes away"),
    truth_key("html", "false", "the message is HTML"), truth_key("monospace", "false", "the message is shown in columns"));

void check_pushover(const Cursor& at, IntegrationConfiguration& out) {
  need_secret(at, out, "user_key");
  need_secret(at, out, "token");
  if (text_of(out.settings, "html") == "true" && text_of(out.settings, "monospace") == "true")
    at.complain("out_of_range", "expected at most one of html and monospace to be true");
}

// --- sns

constexpr auto sigv4 = table<IntegrationConfiguration>(
    "receivers[].sns_configs[].sigv4", text_key("region", "", "required: the environment is not asked"),
    text_key("access_key", "", "required: the environment and roles are not asked"),
    secret_key("secret_key", "of the access key; required"),
    later<IntegrationConfiguration>("profile", "credentials from AWS' own files"),
    later<IntegrationConfiguration>("role_arn", "credentials of a role"), later<IntegrationConfiguration>("external_id", ""),
    later<IntegrationConfiguration>("use_fips_sts_endpoint", ""));

void ignore_truth(const Cursor& at, IntegrationConfiguration&) {
  bool ignored = false;
  read(at, ignored);
}

constexpr auto sns = table<IntegrationConfiguration>(
    "receivers[].sns_configs[]", resolved_key("true"), http_config_key(),
    setting_key<IntegrationConfiguration, store_template_url>("api_url", template_type, "", "else the region's"),
    whole<IntegrationConfiguration, store_object<sigv4, IntegrationConfiguration>>("sigv4", "settings", "", "who signs"),
    template_key("topic_arn", "", "exactly one of topic_arn, target_arn and phone_number"),
    template_key("target_arn", "", "a device or an application"), template_key("phone_number", "", "a text message to it"),
    template_key("subject", R"({{ template "sns.default.subject" . }})", "of mails; \"\": none"),
    template_key("message", R"({{ template "sns.default.message" . }})", "what is told"),
    setting_key<IntegrationConfiguration, store_texts>("attributes", templates_type, "", "of the message; also the names"),
    whole<IntegrationConfiguration, ignore_truth>("use_aws_http_client", "truth", "false", "without a meaning here"));

void check_sns(const Cursor& at, IntegrationConfiguration& out) {
  int count = 0;
  for (const std::string_view key : {"topic_arn", "target_arn", "phone_number"}) count += is_filled(out, key) ? 1 : 0;
  if (count != 1) at.complain("missing_key", "expected exactly one of the keys topic_arn, target_arn and phone_number");
  const std::optional<Cursor> keys = value_of(at, "sigv4");
  const Cursor& place = keys ? *keys : at;
  if (!is_filled(out, "sigv4.region"))
    place.complain("missing_key", "expected sigv4.region: this release does not ask the environment for it");
  const bool has_key = is_filled(out, "sigv4.access_key");
  const bool has_secret_key = out.secrets.contains("sigv4.secret_key");
  if (has_key && has_secret_key) return;
  if (has_key || has_secret_key) place.complain("missing_key", "expected both of the keys access_key and secret_key");
  else place.complain("not_yet_supported",
                      "this release does not ask the environment for credentials: write sigv4.access_key and sigv4.secret_key");
}

}  // namespace

std::vector<Integration> post_integrations() {
  return {{IntegrationKind::webhook, webhook.view(), check_webhook, {}, {}},
          {IntegrationKind::email,
           email.view(),
           check_email,
           {{"smarthost", "smtp_smarthost"},
            {"from", "smtp_from"},
            {"hello", "smtp_hello"},
            {"auth_username", "smtp_auth_username"},
            {"auth_password", "smtp_auth_password"},
            {"auth_secret", "smtp_auth_secret"},
            {"auth_identity", "smtp_auth_identity"},
            {"require_tls", "smtp_require_tls"},
            {"force_implicit_tls", "smtp_force_implicit_tls"}},
           {threading.view()}},
          {IntegrationKind::pushover, pushover.view(), check_pushover, {}, {}},
          {IntegrationKind::sns, sns.view(), check_sns, {}, {sigv4.view()}}};
}

}  // namespace watchbill::config
