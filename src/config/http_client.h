// The keys with which jobs, http_sd_configs, remotes and other Alertmanagers say how a server is called: those of Prometheus'
// HTTP client.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_client.h"

namespace watchbill::config {

// One way to say who calls.
struct ClientCredentials {
  HttpClientConfiguration client;
  bool takes_secret{false};  // as ClientKeys has it
  std::string secret;        // from the file itself
};

// As written; settle_client() makes one of them.
struct ClientKeys {
  // Whether the file is one in which secrets may stand. A bill is none: there they have names, env:NAME.
  explicit ClientKeys(bool is_for_secrets = false) : takes_secrets(is_for_secrets) {
    for (ClientCredentials* each : {&basic, &header, &bearer}) each->takes_secret = is_for_secrets;
  }
  ClientCredentials basic, header, bearer;
  bool follows_redirects{true};
  std::string proxy;
  std::string proxy_secret;  // "USER:PASSWORD" as its URL has it
  bool takes_secrets;
  std::optional<TlsClientConfiguration> tls;
};

// Where a server is asked: http or https.
void read_http_scheme(const Cursor& at, std::string& out);

// The keys of these names. Complain as all readers of the bill do.
void read_basic_auth(const Cursor& at, ClientKeys& out);
void read_authorization(const Cursor& at, ClientKeys& out);
void read_bearer_token(const Cursor& at, ClientKeys& out);
void read_bearer_token_file(const Cursor& at, ClientKeys& out);
void read_follow_redirects(const Cursor& at, ClientKeys& out);
void read_tls_config(const Cursor& at, ClientKeys& out);
// http://HOST:PORT, or env:NAME for one with a password.
void read_proxy_url(const Cursor& at, ClientKeys& out);
// HTTP/1.1 is spoken, which is what `false` asks for and what a server that would speak more falls back to.
void read_enable_http2(const Cursor& at, ClientKeys& out);

// Secrets that the file itself says.
struct ClientSecrets {
  std::string proxy;  // "USER:PASSWORD" as the URL of the proxy has it
  std::string secret;
};

// What the keys of the object `at` come to. Complains where two of them say different things.
[[nodiscard]] HttpClientConfiguration settle_client(const Cursor& at, const ClientKeys& keys);
[[nodiscard]] HttpClientConfiguration settle_client(const Cursor& at, const ClientKeys& keys, ClientSecrets& secrets);

// The object of that name in Alertmanager's file, and a tls_config alone.
[[nodiscard]] HttpClientConfiguration read_http_config(const Cursor& at, ClientSecrets& secrets);
[[nodiscard]] std::optional<TlsClientConfiguration> read_tls_alone(const Cursor& at);

// The same for the object that the keys belong to, which has them in its member `client`.
template <class Owner, void (*reader)(const Cursor&, ClientKeys&)>
void read_client_of(const Cursor& at, Owner& out) {
  reader(at, out.client);
}
template <class Owner, void (*reader)(const Cursor&, ClientKeys&)>
constexpr KeyOf<Owner> client_key(std::string_view name, std::string_view type, std::string_view fallback,
                                  std::string_view text) {
  return whole<Owner, read_client_of<Owner, reader>>(name, type, fallback, text);
}

// The tables of basic_auth, authorization and tls_config, and that of http_config.
[[nodiscard]] std::vector<TableView> http_client_tables();
[[nodiscard]] TableView http_config_table();

}  // namespace watchbill::config
