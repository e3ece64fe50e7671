#include "receivers/rendering.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/characters.h"
#include "template/runes.h"

namespace watchbill::receivers {
namespace {

constexpr std::size_t remark_bytes_max = 500;
constexpr std::size_t title_bytes_max = 500;
constexpr std::size_t plain_bytes_max = 16U << 10;
constexpr std::size_t line_bytes_max = 1000;  // of one alert in a plain text
constexpr std::size_t plain_alerts_max = 20;

std::string escaped_for_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      default: out.push_back(c);
    }
  }
  return out;
}

// "WebDown shop": the values of the group's labels, the alert's name first.
std::string values_of(const Labels& labels) {
  std::string out(labels.get("alertname"));
  for (const auto& [name, value] : labels) {
    if (name == "alertname" || value.empty()) continue;
    if (!out.empty()) out.push_back(' ');
    out += value;
  }
  return out;
}

template <class Pairs>
void append_pairs(std::string& line, const Pairs& pairs) {
  for (const auto& [name, value] : pairs) {
    if (line.size() > line_bytes_max) return;
    if (name == "alertname" || value.empty()) continue;
    line += " " + name + "=" + value;
  }
}

std::string plain_line(const text_template::NotificationAlert& alert) {
  std::string line = alert.status + ": " + std::string(alert.labels.get("alertname"));
  append_pairs(line, alert.labels);
  if (!alert.annotations.empty()) line += " |";
  append_pairs(line, alert.annotations);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return cut_bytes(std::move(line), line_bytes_max);
}

}  // namespace

Rendering::Rendering(const Channel& channel, const Notification& notification, Instant now)
    : channel_(channel), notification_(notification), dot_(text_template::notification_data(notification.data)) {
  environment_.now = now;
  environment_.external_url = channel.external_url;
}

std::string Rendering::text(std::string_view key) {
  return attempt(setting(key), key, text_template::Escape::none, "left empty").value_or("");
}

std::string Rendering::title(std::string_view key) {
  const auto told = attempt(setting(key), key, text_template::Escape::none, "told plainly");
  return told ? *told : plain_title(notification_);
}

std::string Rendering::message(std::string_view key) {
  const auto told = attempt(setting(key), key, text_template::Escape::none, "told plainly");
  return told ? *told : plain_text(notification_);
}

std::string Rendering::html(std::string_view key) {
  const auto told = attempt(setting(key), key, text_template::Escape::html, "told plainly");
  return told ? *told : escaped_for_html(plain_text(notification_));
}

std::string Rendering::rendered(const std::string& source, std::string_view what) {
  return attempt(source, what, text_template::Escape::none, "left empty").value_or("");
}

std::map<std::string, std::string> Rendering::texts(std::string_view key) {
  std::map<std::string, std::string> out;
  const auto at = channel_.configuration.settings.find(std::string(key));
  if (at == channel_.configuration.settings.end() || at->second.as_map() == nullptr) return out;
  for (const auto& [name, value] : *at->second.as_map()) {
    if (value.as_text() == nullptr) continue;
    out.emplace(name, rendered(*value.as_text(), std::string(key) + "." + name));
  }
  return out;
}

const PlanValue::List& Rendering::list(std::string_view key) const {
  static const PlanValue::List none;
  const auto at = channel_.configuration.settings.find(std::string(key));
  const bool is_list = at != channel_.configuration.settings.end() && at->second.as_list() != nullptr;
  return is_list ? *at->second.as_list() : none;
}

std::string Rendering::setting(std::string_view key) const {
  const auto at = channel_.configuration.settings.find(std::string(key));
  if (at == channel_.configuration.settings.end()) return {};
  if (const std::string* text = at->second.as_text()) return *text;
  if (const std::int64_t* number = at->second.as_integer()) return std::to_string(*number);
  return {};
}

std::int64_t Rendering::number(std::string_view key) const {
  const auto at = channel_.configuration.settings.find(std::string(key));
  if (at == channel_.configuration.settings.end() || at->second.as_integer() == nullptr) return 0;
  return *at->second.as_integer();
}

const std::string& Rendering::secret(std::string_view name) const {
  static const std::string none;
  const auto at = channel_.secrets.find(std::string(name));
  return at == channel_.secrets.end() ? none : at->second;
}

std::string Rendering::rendered_secret(std::string_view name) {
  const auto told = attempt(secret(name), name, text_template::Escape::none, "left empty", true);
  return std::string(trimmed(told.value_or(""), " \t\r\n"));
}

std::optional<std::string> Rendering::attempt(std::string_view source, std::string_view what, text_template::Escape escape,
                                              std::string_view instead, bool is_secret) {
  if (source.empty()) return "";
  if (texts_left_ == 0 || bytes_left_ == 0) {
    note_failure(what, "the message has too many texts, or too long ones: shorten its templates", instead);
    return std::nullopt;
  }
  --texts_left_;
  text_template::RenderOptions options;
  options.missing_key = text_template::MissingKey::zero;
  options.escape = escape;
  options.environment = &environment_;
  options.limits.bytes_max = std::min(options.limits.bytes_max, bytes_left_);
  const std::string name(what);
  const auto parsed = text_template::parse({name, source}, text_template::Place::notification, channel_.templates.get());
  Result<std::string> told = parsed ? text_template::render_text(*parsed, dot_, options) : Result<std::string>(parsed.error());
  if (told) {
    bytes_left_ -= std::min(bytes_left_, told->size());
    return std::move(*told);
  }
  // What is wrong with a template that is a secret would quote it.
  const std::string why = is_secret ? "its template fails" : told.error().on + ": " + told.error().detail;
  note_failure(what, why, instead);
  return std::nullopt;
}

void Rendering::note_failure(std::string_view what, std::string_view why, std::string_view instead) {
  ++failure_count_;
  if (remark_.size() >= remark_bytes_max) return;
  if (!remark_.empty()) remark_ += "; ";
  if (!why.starts_with(what)) remark_ += std::string(what) + ": ";
  remark_ += std::string(why) + "; " + std::string(instead);
  remark_ = cut_bytes(std::move(remark_), remark_bytes_max);
}

std::string plain_title(const Notification& notification) {
  const text_template::NotificationData& data = notification.data;
  const bool is_firing = data.status == "firing";
  std::string title = is_firing ? "[FIRING" : "[RESOLVED";
  if (is_firing) {
    const auto fires = [](const text_template::NotificationAlert& alert) { return alert.status == "firing"; };
    title += ":" + std::to_string(std::count_if(data.alerts.begin(), data.alerts.end(), fires));
  }
  title += "] " + values_of(data.group_labels.empty() ? data.common_labels : data.group_labels);
  std::replace(title.begin(), title.end(), '\n', ' ');
  return cut_bytes(std::move(title), title_bytes_max);
}

std::string plain_text(const Notification& notification) {
  const auto& alerts = notification.data.alerts;
  std::string text = plain_title(notification);
  std::size_t told = 0;
  for (; told < std::min(alerts.size(), plain_alerts_max) && text.size() < plain_bytes_max - line_bytes_max - 100; ++told)
    text += "\n" + plain_line(alerts[told]);
  const std::uint64_t left_out = alerts.size() - told + notification.truncated_count;
  if (left_out > 0) text += "\nand " + std::to_string(left_out) + " more";
  return text;
}

std::string cut_characters(std::string text, std::size_t characters_max) {
  if (text.size() <= characters_max || text_template::rune_count(text) <= characters_max) return text;
  const std::size_t kept = characters_max <= 3 ? characters_max : characters_max - 1;
  std::size_t end = 0;
  for (std::size_t i = 0; i < kept; ++i) end += text_template::first_rune(std::string_view(text).substr(end)).bytes;
  text.resize(end);
  if (characters_max > 3) text += cut_mark;
  return text;
}

std::string cut_bytes(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  if (bytes_max < cut_mark.size()) return std::string(bytes_max, '.');
  text.resize(beginning_of(text, bytes_max - cut_mark.size()).size());
  text += cut_mark;
  return text;
}

}  // namespace watchbill::receivers
