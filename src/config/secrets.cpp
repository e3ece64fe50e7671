#include "config/secrets.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/core.h>

namespace watchbill::config {
namespace {

// Last words of names; MAX_TOKENS and TOKENIZER are none.
constexpr std::array<std::string_view, 8> secret_words{"secret",      "token",         "api_key",    "apikey",
                                                       "private_key", "authorization", "credential", "credentials"};
// Endings that mean nothing else, as in PGPASSWORD.
constexpr std::array<std::string_view, 3> secret_endings{"password", "passwd", "passphrase"};
// Beginnings of tokens that their makers gave a form so that they can be found.
constexpr std::array<std::string_view, 9> token_beginnings{"ghp_", "gho_", "ghs_", "github_pat_", "glpat-",
                                                           "xoxb-", "xoxp-", "AKIA", "sk_live_"};
// A token is longer than any word that begins like one.
constexpr std::size_t token_bytes_min = 16;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    if (c == '-') return '_';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

bool is_secret_name(std::string_view name) {
  const std::string lowered = lower(name);
  const auto is_last_word = [&](std::string_view word) {
    return lowered.ends_with(word) && (lowered.size() == word.size() || lowered[lowered.size() - word.size() - 1] == '_');
  };
  return std::any_of(secret_words.begin(), secret_words.end(), is_last_word) ||
         std::any_of(secret_endings.begin(), secret_endings.end(), [&](std::string_view end) { return lowered.ends_with(end); });
}

bool is_token(std::string_view text) {
  for (const std::string_view beginning : token_beginnings)
    if (text.starts_with(beginning) && text.size() >= token_bytes_min && text.find(' ') == std::string_view::npos) return true;
  return text.find("-----BEGIN ") != std::string_view::npos && text.find("PRIVATE KEY-----") != std::string_view::npos;
}

// https://user:password@host
bool has_password(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view rest = text.substr(scheme + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?# "));
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return false;
  const std::size_t colon = authority.substr(0, at).find(':');
  return colon != std::string_view::npos && colon + 1 < at && !authority.substr(colon + 1).starts_with("{{");
}

}  // namespace

bool names_a_secret(std::string_view text) noexcept {
  constexpr std::string_view beginning = "env:";
  if (!text.starts_with(beginning) || text.size() == beginning.size()) return false;
  return std::all_of(text.begin() + beginning.size(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

void check_secret(const Cursor& at) {
  const std::string& text = at.node().text;
  if (at.node().kind != NodeKind::scalar || text.empty() || names_a_secret(text)) return;
  constexpr std::string_view cure = "write env:NAME, or use a key that ends in _file";
  const bool is_template = text.find("{{") != std::string::npos;
  if (!is_template && is_secret_name(at.name()))
    return at.complain("secret_in_clear_text", fmt::format("the value of {} looks like a secret; {}", at.name(), cure));
  if (is_token(text))
    return at.complain("secret_in_clear_text", fmt::format("this looks like a token or a private key; {}", cure));
  if (has_password(text)) at.complain("secret_in_clear_text", fmt::format("this URL holds a password; {}", cure));
}

}  // namespace watchbill::config
