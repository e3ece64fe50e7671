#include "drivers/action/redaction.h"

#include <algorithm>
#include <cstdlib>

#include "base/bytes.h"
#include "base/characters.h"
#include "base/json.h"

namespace watchbill::drivers::action {
namespace {

constexpr std::string_view mark = "[redacted]";
constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view environment_prefix = "env:";
constexpr std::size_t line_bytes_min = 8;

constexpr std::size_t base64_bytes_min = 8;  // of a part of a longer text: fewer characters stand in many texts

// RFC 3986's escapes; with `as_form` a blank is `+`, as forms have it.
std::string url_encoded(std::string_view text, std::string_view digits, bool as_form) {
  constexpr std::string_view plain = "-._~";
  std::string out;
  for (const char c : text) {
    const bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (is_alphanumeric || plain.find(c) != std::string_view::npos) {
      out.push_back(c);
      continue;
    }
    if (as_form && c == ' ') {
      out.push_back('+');
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append({'%', digits[byte >> 4U], digits[byte & 15U]});
  }
  return out;
}

std::string hex(std::string_view text, std::string_view digits) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out.append({digits[byte >> 4U], digits[byte & 15U]});
  }
  return out;
}

std::string json_escaped(std::string_view text) {
  std::string out;
  JsonWriter(out).string(text);
  return out.substr(1, out.size() - 2);
}

// What stands for the secret in the base64 of any longer text: it may begin at each of three places in a group of four
// characters, and its first and last ones may hold bits of its neighbours, so these are left out.
void add_base64(std::string_view secret, std::vector<std::string>& forms) {
  forms.push_back(to_base64(secret));
  for (std::size_t before = 0; before < 3; ++before) {
    const std::string all = to_base64(std::string(before, '\0').append(secret));
    const std::size_t begin = (before * 8 + 5) / 6;
    const std::size_t end = (before + secret.size()) * 8 / 6;
    if (end < begin + base64_bytes_min) continue;
    std::string part = all.substr(begin, end - begin);
    forms.push_back(part);
    std::replace(part.begin(), part.end(), '+', '-');
    std::replace(part.begin(), part.end(), '/', '_');
    forms.push_back(std::move(part));
  }
}

// Every form in which a secret could stand in a text, the longest first.
std::vector<std::string> forms_of(const std::string& secret) {
  std::vector<std::string> forms{secret, json_escaped(secret)};
  add_base64(secret, forms);
  for (const std::string_view digits : {"0123456789ABCDEF", "0123456789abcdef"}) {
    for (const bool as_form : {false, true}) forms.push_back(url_encoded(secret, digits, as_form));
    if (secret.size() * 2 >= base64_bytes_min) forms.push_back(hex(secret, digits));
  }
  if (secret.find('\n') != std::string::npos)
    for (std::size_t begin = 0; begin < secret.size();) {
      const std::size_t end = std::min(secret.find('\n', begin), secret.size());
      if (end - begin >= line_bytes_min) forms.push_back(secret.substr(begin, end - begin));
      begin = end + 1;
    }
  std::sort(forms.begin(), forms.end(), [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  return forms;
}

bool replace_all(std::string& text, const std::string& what) {
  bool found = false;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + mark.size())) {
    text.replace(at, what.size(), mark);
    found = true;
  }
  return found;
}

std::string as_utf8(std::string_view text) {
  std::string out;
  for (std::size_t bad = find_invalid_utf8(text); bad != std::string_view::npos; bad = find_invalid_utf8(text)) {
    out.append(text.substr(0, bad)).append(replacement);
    text.remove_prefix(bad + 1);
  }
  return out.append(text);
}

void open(PlanValue& value, const SecretReader& read, Opened& out) {
  if (const SecretName* secret = value.as_secret()) {
    const std::string name = secret->name;
    const std::optional<std::string> text = read(name);
    if (!text && out.missing.empty()) out.missing = name;
    value = text.value_or("");
    if (text && !text->empty()) out.secrets.push_back(*text);
    return;
  }
  // Values nest at most plan_value_depth_max deep.
  if (auto* list = std::get_if<PlanValue::List>(&value.value))
    for (PlanValue& element : *list) open(element, read, out);
  if (auto* map = std::get_if<PlanValue::Map>(&value.value))
    for (auto& [name, member] : *map) open(member, read, out);
}

}  // namespace

SafeText safe_text(std::string text, const std::vector<std::string>& secrets, std::size_t bytes_max) {
  SafeText out;
  for (const std::string& secret : secrets)
    for (const std::string& form : forms_of(secret))
      if (!form.empty() && replace_all(text, form)) out.is_redacted = true;
  out.text = as_utf8(text);
  out.text.resize(beginning_of(out.text, bytes_max).size());
  return out;
}

std::optional<std::string> secret_of_environment(const std::string& name) {
  if (!name.starts_with(environment_prefix)) return std::nullopt;
  const char* value = std::getenv(name.c_str() + environment_prefix.size());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Opened open_secrets(const PlanValues& values, const SecretReader& read) {
  Opened out;
  PlanValue all(values);
  open(all, read, out);
  out.values = *all.as_map();
  return out;
}

}  // namespace watchbill::drivers::action
