// The keys with which jobs, http_sd_configs, remote_write and alertmanagers say how a server is called: those of Prometheus' HTTP
// client.
#pragma once

#include <string>
#include <vector>

#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_scrape.h"

namespace watchbill::config {

// As written; settle_client() makes one of them.
struct ClientKeys {
  HttpClientConfiguration basic, header, bearer;
  bool follows_redirects{true};
};

// Where a server is asked: http or https.
void read_http_scheme(const Cursor& at, std::string& out);

// The keys of these names. Complain as all readers of the bill do.
void read_basic_auth(const Cursor& at, ClientKeys& out);
void read_authorization(const Cursor& at, ClientKeys& out);
void read_bearer_token(const Cursor& at, ClientKeys& out);
void read_bearer_token_file(const Cursor& at, ClientKeys& out);
void read_follow_redirects(const Cursor& at, ClientKeys& out);

// What the keys of the object `at` come to. Complains where two of them say different things.
[[nodiscard]] HttpClientConfiguration settle_client(const Cursor& at, const ClientKeys& keys);

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

// The tables of basic_auth and authorization.
[[nodiscard]] std::vector<TableView> http_client_tables();

}  // namespace watchbill::config
