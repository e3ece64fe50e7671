#include "config/http_client.h"

#include <algorithm>

#include <fmt/core.h>

#include "config/secrets.h"
#include "config/texts.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

// The secret itself would come into the journal with the bill.
void read_named_secret(const Cursor& at, std::string& out) {
  std::string text;
  read_filled(at, text);
  if (text.empty()) return;
  if (names_a_secret(text)) out = text;
  else at.complain("secret_in_clear_text", fmt::format("a bill holds no secrets; write env:NAME, or use {}_file", at.name()));
}

// Basic has a key of its own, whose password is encoded.
void read_scheme(const Cursor& at, std::string& out) {
  read_filled(at, out);
  constexpr std::string_view basic = "basic";
  const bool is_basic =
      std::equal(out.begin(), out.end(), basic.begin(), basic.end(), [](char a, char b) { return (a | ' ') == b; });
  if (is_basic) at.complain("out_of_range", "basic is written as basic_auth");
}

using H = HttpClientConfiguration;
constexpr auto basic_auth =
    table<H>("scrape_configs[].basic_auth, remote_write[].basic_auth, alerting.alertmanagers[].basic_auth",
             optional<&H::username>("username", "text", "", "who asks"),
             optional<&H::secret, read_named_secret>("password", "env:NAME", "",
                                                     "the secret's name; at most one of password and password_file"),
             optional<&H::secret_file, read_path_for_calls>("password_file", "path", "", "read at each call"),
             later<H>("username_file", ""), later<H>("username_ref", ""), later<H>("password_ref", ""));

constexpr auto authorization = table<H>(
    "scrape_configs[].authorization, remote_write[].authorization, alerting.alertmanagers[].authorization",
    optional<&H::authorization, read_scheme>("type", "text", "Bearer", "the scheme of the header; basic is basic_auth"),
    optional<&H::secret, read_named_secret>("credentials", "env:NAME", "",
                                            "the secret's name; exactly one of credentials and credentials_file"),
    optional<&H::secret_file, read_path_for_calls>("credentials_file", "path", "", "read at each call"),
    later<H>("credentials_ref", ""));

using T = TlsClientConfiguration;
constexpr auto tls_config = table<T>(
    "scrape_configs[].tls_config, remote_write[].tls_config, alerting.alertmanagers[].tls_config",
    optional<&T::ca_file, read_path_for_calls>("ca_file", "path", "",
                                     "PEM: who signs the server's certificate; else whom the system trusts"),
    optional<&T::certificate_file, read_path_for_calls>("cert_file", "path", "",
                                              "PEM: what is shown to a server that asks who calls; with key_file"),
    optional<&T::key_file, read_path_for_calls>("key_file", "path", "", "PEM, without a passphrase; with cert_file"),
    optional<&T::server_name>("server_name", "text", "", "what the certificate must be for, instead of the URL's host"),
    optional<&T::skip_verification>("insecure_skip_verify", "truth", "false", "any certificate will do: proves nothing"),
    optional<&T::min_version>("min_version", "TLS10, TLS11, TLS12 or TLS13", "",
                              "else TLS12; with an older one also signatures that are broken"),
    optional<&T::max_version>("max_version", "TLS10, TLS11, TLS12 or TLS13", "", "else the newest"), later<T>("ca", ""),
    later<T>("cert", ""), later<T>("key", ""), later<T>("ca_ref", ""), later<T>("cert_ref", ""), later<T>("key_ref", ""));

void complain_of_both(const Cursor& at, std::string_view one, std::string_view other) {
  at.complain("out_of_range", fmt::format("expected at most one of the keys {} and {}", one, other));
}

}  // namespace

void read_http_scheme(const Cursor& at, std::string& out) {
  constexpr std::array<std::string_view, 2> schemes{"http", "https"};
  if (const auto index = read_word(at, schemes)) out = schemes[*index];
}

void read_basic_auth(const Cursor& at, ClientKeys& out) {
  out.basic.authorization = "Basic";
  if (!read_object(at, basic_auth, out.basic)) return;
  if (at.has("password") && at.has("password_file")) complain_of_both(at, "password", "password_file");
}

void read_authorization(const Cursor& at, ClientKeys& out) {
  out.header.authorization = "Bearer";
  if (!read_object(at, authorization, out.header)) return;
  if (at.has("credentials") == at.has("credentials_file"))
    at.complain("missing_key", "expected exactly one of the keys credentials and credentials_file");
}

void read_bearer_token(const Cursor& at, ClientKeys& out) {
  out.bearer.authorization = "Bearer";
  read_named_secret(at, out.bearer.secret);
}

void read_bearer_token_file(const Cursor& at, ClientKeys& out) {
  out.bearer.authorization = "Bearer";
  read_path_for_calls(at, out.bearer.secret_file);
}

void read_follow_redirects(const Cursor& at, ClientKeys& out) { read(at, out.follows_redirects); }

void read_tls_config(const Cursor& at, ClientKeys& out) {
  TlsClientConfiguration tls;
  if (!read_object(at, tls_config, tls)) return;
  if (at.has("cert_file") != at.has("key_file"))
    at.complain("missing_key", "expected both of the keys cert_file and key_file, or none");
  if (tls.max_version && *tls.max_version < tls.min_version.value_or(TlsVersion::tls12))
    at.complain("out_of_range", fmt::format("max_version {} is older than min_version {}", word(*tls.max_version),
                                            word(tls.min_version.value_or(TlsVersion::tls12))));
  if (tls != TlsClientConfiguration()) out.tls = std::move(tls);
}

void read_proxy_url(const Cursor& at, ClientKeys& out) {
  constexpr std::string_view scheme = "http://";
  std::string text;
  read(at, text);
  if (text.empty() || names_a_secret(text)) {
    out.proxy = text;
    return;
  }
  // Also behind a scheme that is none: what follows may be told by no error.
  if (text.find('@') != std::string::npos)
    return at.complain("secret_in_clear_text",
                       "a URL with a user may hold a password; write env:NAME, and the URL into that variable");
  for (const std::string_view other : {"https://", "socks5://", "socks5h://"})
    if (text.starts_with(other))
      return at.complain("not_yet_supported", fmt::format("a proxy is called by http:// only, found {}", other));
  std::string address = text.starts_with(scheme) ? text.substr(scheme.size()) : std::string();
  address.resize(std::min(address.find_first_of("/?#"), address.size()));
  if (address.find(':') == std::string::npos || address.ends_with(']')) address += ":80";
  if (!is_address(address))
    return at.complain("out_of_range", fmt::format("expected a URL such as http://HOST:PORT, found \"{}\"", text));
  out.proxy = text;
}

void read_enable_http2(const Cursor& at, ClientKeys&) {
  bool ignored = true;
  read(at, ignored);
}

HttpClientConfiguration settle_client(const Cursor& at, const ClientKeys& keys) {
  if (at.has("bearer_token") && at.has("bearer_token_file")) complain_of_both(at, "bearer_token", "bearer_token_file");
  HttpClientConfiguration out;
  std::string_view taken;
  const auto take = [&](std::string_view name, const HttpClientConfiguration& written) {
    if (written.authorization.empty()) return;
    if (!taken.empty()) return complain_of_both(at, taken, name);
    taken = name;
    out = written;
  };
  take("basic_auth", keys.basic);
  take("authorization", keys.header);
  take("bearer_token", keys.bearer);
  out.proxy = keys.proxy;
  out.refuses_redirects = !keys.follows_redirects;
  out.tls = keys.tls;
  return out;
}

std::vector<TableView> http_client_tables() { return {basic_auth.view(), authorization.view(), tls_config.view()}; }

}  // namespace watchbill::config
