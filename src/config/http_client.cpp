#include "config/http_client.h"

#include <algorithm>

#include <fmt/core.h>

#include "config/secrets.h"
#include "config/texts.h"
#include "config/values.h"

namespace watchbill::config {
namespace {


using Who = ClientCredentials;

// The secret itself would come into the journal with a bill.
void read_client_secret(const Cursor& at, Who& out) {
  std::string text;
  if (out.takes_secret && at.node().kind == NodeKind::scalar) {
    out.secret = at.node().text;
    return;
  }
  read_filled(at, text);
  if (text.empty()) return;
  if (names_a_secret(text)) out.client.secret = text;
  else at.complain("secret_in_clear_text", fmt::format("a bill holds no secrets; write env:NAME, or use {}_file", at.name()));
}

void read_secret_file(const Cursor& at, Who& out) { read_path_for_calls(at, out.client.secret_file); }
void read_username(const Cursor& at, Who& out) { read(at, out.client.username); }

// Basic has a key of its own, whose password is encoded.
void read_scheme(const Cursor& at, Who& of) {
  std::string& out = of.client.authorization;
  read_filled(at, out);
  constexpr std::string_view basic = "basic";
  const bool is_basic =
      std::equal(out.begin(), out.end(), basic.begin(), basic.end(), [](char a, char b) { return (a | ' ') == b; });
  if (is_basic) at.complain("out_of_range", "basic is written as basic_auth");
}

constexpr auto basic_auth = table<Who>(
    "scrape_configs[].basic_auth, remote_write[].basic_auth, alerting.alertmanagers[].basic_auth",
    whole<Who, read_username>("username", "text", "", "who asks"),
    whole<Who, read_client_secret>("password", "env:NAME", "", "the secret's name; at most one of password and password_file"),
    whole<Who, read_secret_file>("password_file", "path", "", "read at each call"), later<Who>("username_file", ""),
    later<Who>("username_ref", ""), later<Who>("password_ref", ""));

constexpr auto authorization = table<Who>(
    "scrape_configs[].authorization, remote_write[].authorization, alerting.alertmanagers[].authorization",
    whole<Who, read_scheme>("type", "text", "Bearer", "the scheme of the header; basic is basic_auth"),
    whole<Who, read_client_secret>("credentials", "env:NAME", "",
                                 "the secret's name; exactly one of credentials and credentials_file"),
    whole<Who, read_secret_file>("credentials_file", "path", "", "read at each call"), later<Who>("credentials_ref", ""));

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
  out.basic.client.authorization = "Basic";
  if (!read_object(at, basic_auth, out.basic)) return;
  if (at.has("password") && at.has("password_file")) complain_of_both(at, "password", "password_file");
}

void read_authorization(const Cursor& at, ClientKeys& out) {
  out.header.client.authorization = "Bearer";
  if (!read_object(at, authorization, out.header)) return;
  // Alertmanager takes a header without credentials too.
  const bool has_none = !at.has("credentials") && !at.has("credentials_file");
  if (at.has("credentials") == at.has("credentials_file") && !(has_none && out.takes_secrets))
    at.complain("missing_key", "expected exactly one of the keys credentials and credentials_file");
}

void read_bearer_token(const Cursor& at, ClientKeys& out) {
  read_client_secret(at, out.bearer);
  if (!out.takes_secrets || !out.bearer.secret.empty()) out.bearer.client.authorization = "Bearer";
}

void read_bearer_token_file(const Cursor& at, ClientKeys& out) {
  out.bearer.client.authorization = "Bearer";
  read_path_for_calls(at, out.bearer.client.secret_file);
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
  if (text.empty() || (names_a_secret(text) && !out.takes_secrets)) {
    out.proxy = text;
    return;
  }
  // Also behind a scheme that is none: what follows may be told by no error.
  const bool has_user = text.find('@') != std::string::npos;
  if (has_user && !out.takes_secrets)
    return at.complain("secret_in_clear_text",
                       "a URL with a user may hold a password; write env:NAME, and the URL into that variable");
  for (const std::string_view other : {"https://", "socks5://", "socks5h://"})
    if (text.starts_with(other))
      return at.complain("not_yet_supported", fmt::format("a proxy is called by http:// only, found {}", other));
  std::string address = text.starts_with(scheme) ? text.substr(scheme.size()) : std::string();
  const std::string path = address.substr(std::min(address.find_first_of("/?#"), address.size()));
  address.resize(address.size() - path.size());
  const std::size_t user_size = has_user ? address.rfind('@') : std::string::npos;
  if (user_size != std::string::npos) {
    out.proxy_secret = address.substr(0, user_size);
    address.erase(0, user_size + 1);
  }
  const std::string written = address;
  if (address.find(':') == std::string::npos || address.ends_with(']')) address += ":80";
  if (!is_address(address))
    return at.complain("out_of_range", has_user ? "expected a URL such as http://USER:PASSWORD@HOST:PORT"
                                                : fmt::format("expected a URL such as http://HOST:PORT, found \"{}\"", text));
  out.proxy = std::string(scheme) + written + path;
}

void read_enable_http2(const Cursor& at, ClientKeys&) {
  bool ignored = true;
  read(at, ignored);
}

HttpClientConfiguration settle_client(const Cursor& at, const ClientKeys& keys, ClientSecrets& secrets) {
  if (at.has("bearer_token") && at.has("bearer_token_file")) complain_of_both(at, "bearer_token", "bearer_token_file");
  HttpClientConfiguration out;
  std::string_view taken;
  const auto take = [&](std::string_view name, const Who& written) {
    if (written.client.authorization.empty()) return;
    if (!taken.empty()) return complain_of_both(at, taken, name);
    taken = name;
    out = written.client;
    secrets.secret = written.secret;
  };
  take("basic_auth", keys.basic);
  take("authorization", keys.header);
  take("bearer_token", keys.bearer);
  out.proxy = keys.proxy;
  secrets.proxy = keys.proxy_secret;
  out.refuses_redirects = !keys.follows_redirects;
  out.tls = keys.tls;
  return out;
}

HttpClientConfiguration settle_client(const Cursor& at, const ClientKeys& keys) {
  ClientSecrets none;
  return settle_client(at, keys, none);
}

namespace {

struct HttpConfig {
  ClientKeys client{true};
};
constexpr auto http_config = table<HttpConfig>(
    "http_config (Alertmanager)",
    client_key<HttpConfig, read_basic_auth>("basic_auth", "settings", "", "as of jobs; the password may stand here"),
    client_key<HttpConfig, read_authorization>("authorization", "settings", "", "as of jobs; the credentials may stand here"),
    client_key<HttpConfig, read_bearer_token>("bearer_token", "secret", "", "an older word for authorization"),
    client_key<HttpConfig, read_bearer_token_file>("bearer_token_file", "path", "", "a file that holds it; read at each message"),
    client_key<HttpConfig, read_follow_redirects>("follow_redirects", "truth", "true", "as of jobs"),
    client_key<HttpConfig, read_proxy_url>("proxy_url", "URL", "", "http://HOST:PORT, also with a user and a password"),
    client_key<HttpConfig, read_tls_config>("tls_config", "settings", "", "as of jobs"),
    client_key<HttpConfig, read_enable_http2>("enable_http2", "truth", "true", "HTTP/1.1 is spoken either way"),
    later<HttpConfig>("oauth2", ""), later<HttpConfig>("no_proxy", ""), later<HttpConfig>("proxy_from_environment", ""),
    later<HttpConfig>("proxy_connect_header", ""), later<HttpConfig>("http_headers", ""));

}  // namespace

HttpClientConfiguration read_http_config(const Cursor& at, ClientSecrets& secrets) {
  HttpConfig keys;
  if (!read_object(at, http_config, keys)) return {};
  return settle_client(at, keys.client, secrets);
}

std::optional<TlsClientConfiguration> read_tls_alone(const Cursor& at) {
  ClientKeys keys;
  read_tls_config(at, keys);
  return keys.tls;
}

std::vector<TableView> http_client_tables() { return {basic_auth.view(), authorization.view(), tls_config.view()}; }
TableView http_config_table() { return http_config.view(); }

}  // namespace watchbill::config
