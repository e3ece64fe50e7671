// TLS settings for both sides, at least TLS 1.2 unless somebody asks for less, by OpenSSL. Handshakes happen in the stream.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "model/configuration_client.h"

namespace watchbill::drivers::net {

struct TlsContextFree {
  void operator()(SSL_CTX* context) const noexcept;
};
using TlsContext = std::unique_ptr<SSL_CTX, TlsContextFree>;

// What the bill's `tls` names, all PEM.
struct TlsServerFiles {
  std::string certificate_file;  // the chain, our certificate first
  std::string key_file;
  std::string client_ca_file;  // when set, a client may show a certificate, and one that does not verify ends the handshake
};

// Fails: invalid, with the file and what OpenSSL says of it.
[[nodiscard]] Result<TlsContext> make_tls_server(const TlsServerFiles& files);
// Reads the files: blocks for as long as local files do. A version before 1.2 brings the signatures and ciphers of its time with
// it.
[[nodiscard]] Result<TlsContext> make_tls_client(const TlsClientConfiguration& tls);

// Everything that decides how a client speaks TLS, with the times of the files: a renewed certificate is another key.
[[nodiscard]] std::string tls_key(const TlsClientConfiguration& tls);

// Sets, before the handshake, the name to ask for (SNI; not for addresses) and the name or address that the certificate must be
// for. False when OpenSSL cannot take the name.
[[nodiscard]] bool expect_server(SSL* session, const std::string& name);

// Why the last handshake failed, for people: "certificate verify failed: self-signed certificate". Clears OpenSSL's error queue.
[[nodiscard]] std::string handshake_error(SSL* session, const std::string& otherwise);

// SHA-256 of the certificate that the other side showed and that verified, in hex; empty when there is none.
[[nodiscard]] std::string peer_certificate_sha256(SSL* session);

}  // namespace watchbill::drivers::net
