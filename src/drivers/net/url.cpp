#include "drivers/net/url.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"

namespace watchbill::drivers::net {
namespace {

constexpr std::size_t url_bytes_max = 8U << 10;

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_alphanumeric(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// Bytes of UTF-8 stand in targets of real senders, so only blanks and control characters are refused.
bool is_target_text(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; });
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

bool is_host_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 253 &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; });
}

bool is_ipv6_text(std::string_view text) noexcept {
  return text.size() >= 2 && text.size() <= 45 && text.find(':') != std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; });
}

std::string bracketed(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

}  // namespace

std::optional<std::string> decode_percent(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(plus_is_blank && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

std::optional<ports::HttpParameters> parse_parameters(std::string_view text) {
  ports::HttpParameters parameters;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty()) continue;
    if (parameters.size() == parameter_count_max) return std::nullopt;
    const std::size_t equals = std::min(part.find('='), part.size());
    std::optional<std::string> name = decode_percent(part.substr(0, equals), true);
    std::optional<std::string> value = decode_percent(part.substr(std::min(equals + 1, part.size())), true);
    if (!name || !value) return std::nullopt;
    parameters.emplace_back(std::move(*name), std::move(*value));
  }
  return parameters;
}

std::optional<Target> parse_target(std::string_view text) {
  if (!is_target_text(text)) return std::nullopt;
  Target target;
  if (!text.starts_with('/')) {
    const std::optional<Url> url = parse_url(text);
    if (!url) return std::nullopt;
    target.authority = url->authority();
    std::optional<Target> rest = parse_target(url->target);  // starts with '/': no further nesting
    if (!rest) return std::nullopt;
    rest->authority = std::move(target.authority);
    return rest;
  }
  text = text.substr(0, std::min(text.find('#'), text.size()));
  const std::size_t question = std::min(text.find('?'), text.size());
  target.path = text.substr(0, question);
  const std::optional<std::string> decoded = decode_percent(target.path, false);
  if (!decoded || decoded->find('\0') != std::string::npos) return std::nullopt;
  std::optional<ports::HttpParameters> query = parse_parameters(text.substr(std::min(question + 1, text.size())));
  if (!query) return std::nullopt;
  target.query = std::move(*query);
  return target;
}

std::optional<Authority> parse_authority(std::string_view text) {
  Authority authority;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos || !is_ipv6_text(text.substr(1, bracket - 1))) return std::nullopt;
    authority.host = text.substr(1, bracket - 1);
    text.remove_prefix(bracket + 1);
    if (!text.empty()) {
      if (text.front() != ':') return std::nullopt;
      has_port = true;
      port = text.substr(1);
    }
  } else {
    const std::size_t colon = text.find(':');
    has_port = colon != std::string_view::npos;
    if (has_port) port = text.substr(colon + 1);
    authority.host = text.substr(0, std::min(colon, text.size()));
    if (!is_host_name(authority.host)) return std::nullopt;
  }
  std::transform(authority.host.begin(), authority.host.end(), authority.host.begin(), lower);
  if (has_port) {
    const std::optional<std::uint16_t> number = parse_port(port);
    if (!number) return std::nullopt;
    authority.port = *number;
  }
  return authority;
}

std::string Url::authority() const {
  std::string text = bracketed(host);
  if (port != (is_tls ? 443 : 80)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::host_and_port() const { return bracketed(host) + ":" + std::to_string(port); }

std::string Proxy::name() const { return bracketed(host) + ":" + std::to_string(port); }

std::optional<UserUrl> split_user(std::string_view text) {
  const std::size_t begin = text.find("://") == std::string_view::npos ? 0 : text.find("://") + 3;
  const std::string_view authority = text.substr(begin, std::min(text.find_first_of("/?#", begin), text.size()) - begin);
  const std::size_t at = authority.rfind('@');
  UserUrl out{std::string(text), ""};
  if (at == std::string_view::npos) return out;
  out.url.erase(begin, at + 1);
  const std::string_view user = authority.substr(0, at);
  const std::size_t colon = std::min(user.find(':'), user.size());
  const std::optional<std::string> name = decode_percent(user.substr(0, colon), false);
  const std::optional<std::string> password = decode_percent(user.substr(std::min(colon + 1, user.size())), false);
  if (!name || !password) return std::nullopt;
  out.authorization = "Basic " + to_base64(*name + ":" + *password);
  return out;
}

std::optional<Proxy> parse_proxy(std::string_view text) {
  if (text.size() > url_bytes_max || !is_target_text(text)) return std::nullopt;
  std::optional<UserUrl> apart = split_user(text);
  std::optional<Url> url = apart ? parse_url(apart->url) : std::nullopt;
  if (!url || url->is_tls) return std::nullopt;
  return Proxy{std::move(url->host), url->port, std::move(apart->authorization)};
}

std::optional<Url> parse_url(std::string_view text) {
  if (text.size() > url_bytes_max || !is_target_text(text)) return std::nullopt;
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  std::string scheme{text.substr(0, colon)};
  std::transform(scheme.begin(), scheme.end(), scheme.begin(), lower);
  if (scheme != "http" && scheme != "https") return std::nullopt;
  text.remove_prefix(colon + 3);
  const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  std::optional<Authority> authority = parse_authority(text.substr(0, end));  // an '@' is no host character: users are refused
  if (!authority) return std::nullopt;
  Url url;
  url.is_tls = scheme == "https";
  url.host = std::move(authority->host);
  url.port = authority->port != 0 ? authority->port : std::uint16_t{url.is_tls ? std::uint16_t{443} : std::uint16_t{80}};
  text.remove_prefix(end);
  url.target = text.substr(0, std::min(text.find('#'), text.size()));
  if (!url.target.starts_with('/')) url.target.insert(url.target.begin(), '/');
  return url;
}

std::optional<Url> resolve_location(const Url& base, std::string_view location) {
  if (location.starts_with("//")) return parse_url((base.is_tls ? "https:" : "http:") + std::string{location});
  if (!location.starts_with('/')) return parse_url(location);
  if (location.size() > url_bytes_max || !is_target_text(location)) return std::nullopt;
  Url url = base;
  url.target = location.substr(0, std::min(location.find('#'), location.size()));
  return url;
}

bool is_token(std::string_view text) noexcept {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t'; });
}

}  // namespace watchbill::drivers::net
