#include "drivers/net/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include "base/bytes.h"

namespace watchbill::drivers::net {
namespace {

std::string last_openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "OpenSSL gives no reason";
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  if (const char* reason = ERR_reason_error_string(code)) return reason;
  return "OpenSSL error " + std::to_string(code);
}

Error failure(std::string tried, std::string on) {
  return Error{ErrorKind::invalid, std::move(tried), std::move(on), last_openssl_error()};
}

bool is_address(const std::string& name) noexcept {
  std::array<std::uint8_t, 16> bytes{};
  return inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

// OpenSSL would ask the terminal, and the loop would wait for who sits there. `was_asked`: a bool, or null.
int no_passphrase(char*, int, int, void* was_asked) {
  if (was_asked != nullptr) *static_cast<bool*>(was_asked) = true;
  return -1;
}

Status show_certificate(SSL_CTX* context, const std::string& certificate_file, const std::string& key_file) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1)
    return failure("read certificate", certificate_file);
  bool has_passphrase = false;
  SSL_CTX_set_default_passwd_cb_userdata(context, &has_passphrase);
  const bool is_read = SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (has_passphrase) {
    ERR_clear_error();
    return Error{ErrorKind::invalid, "read key", key_file, "the key has a passphrase"};
  }
  if (!is_read) return failure("read key", key_file);
  if (SSL_CTX_check_private_key(context) != 1) return failure("match key and certificate", key_file);
  return {};
}

TlsContext new_context(const SSL_METHOD* method) {
  ERR_clear_error();
  TlsContext context{SSL_CTX_new(method)};
  if (context == nullptr) return context;
  SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // A write that is tried again may come from a buffer that has moved.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  return context;
}

}  // namespace

void TlsContextFree::operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }

Result<TlsContext> make_tls_server(const TlsServerFiles& files) {
  TlsContext context = new_context(TLS_server_method());
  if (context == nullptr) return failure("prepare TLS", files.certificate_file);
  if (Status shown = show_certificate(context.get(), files.certificate_file, files.key_file); !shown) return shown.error();
  // Sessions are resumed by id only within this context; without an id, resuming with client certificates fails the handshake.
  constexpr std::array<unsigned char, 9> session_context{'w', 'a', 't', 'c', 'h', 'b', 'i', 'l', 'l'};
  SSL_CTX_set_session_id_context(context.get(), session_context.data(), session_context.size());
  if (!files.client_ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(context.get(), files.client_ca_file.c_str(), nullptr) != 1)
      return failure("read client CA", files.client_ca_file);
    STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(files.client_ca_file.c_str());
    if (names == nullptr) return failure("read client CA", files.client_ca_file);
    SSL_CTX_set_client_CA_list(context.get(), names);  // takes the list
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  return context;
}

namespace {

int openssl_version(TlsVersion version) noexcept {
  switch (version) {
    case TlsVersion::tls10: return TLS1_VERSION;
    case TlsVersion::tls11: return TLS1_1_VERSION;
    case TlsVersion::tls12: return TLS1_2_VERSION;
    case TlsVersion::tls13: return TLS1_3_VERSION;
  }
  return TLS1_2_VERSION;
}

// False when OpenSSL refuses.
bool limit_versions(SSL_CTX* context, const TlsClientConfiguration& tls) {
  const TlsVersion oldest = tls.min_version.value_or(TlsVersion::tls12);
  // Debian's level refuses the SHA-1 that these versions cannot do without.
  if (oldest < TlsVersion::tls12 && SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0") != 1) return false;
  if (SSL_CTX_set_min_proto_version(context, openssl_version(oldest)) != 1) return false;
  return !tls.max_version || SSL_CTX_set_max_proto_version(context, openssl_version(*tls.max_version)) == 1;
}

// What a file is as far as its directory knows: one that is renewed by renaming may be as old as the one before.
std::string stamp(const std::string& file) {
  struct stat info {};
  if (file.empty() || ::stat(file.c_str(), &info) != 0) return file;
  std::string out = file + "@" + std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec);
  return out + " " + std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) + " " + std::to_string(info.st_size);
}

std::string version_text(const std::optional<TlsVersion>& version) { return version ? std::string(word(*version)) : ""; }

}  // namespace

Result<TlsContext> make_tls_client(const TlsClientConfiguration& tls) {
  TlsContext context = new_context(TLS_client_method());
  if (context == nullptr || !limit_versions(context.get(), tls)) return failure("prepare TLS", "client");
  if (tls.ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context.get()) != 1) return failure("read trust store", "system");
  } else if (SSL_CTX_load_verify_locations(context.get(), tls.ca_file.c_str(), nullptr) != 1) {
    return failure("read CA", tls.ca_file);
  }
  if (tls.certificate_file.empty() != tls.key_file.empty())
    return Error{ErrorKind::invalid, "prepare TLS", tls.certificate_file + tls.key_file, "certificate and key go together"};
  if (!tls.certificate_file.empty())
    if (Status shown = show_certificate(context.get(), tls.certificate_file, tls.key_file); !shown) return shown.error();
  SSL_CTX_set_verify(context.get(), tls.skip_verification ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  return context;
}

std::string tls_key(const TlsClientConfiguration& tls) {
  return stamp(tls.ca_file) + '\n' + stamp(tls.certificate_file) + '\n' + stamp(tls.key_file) + '\n' +
         version_text(tls.min_version) + '-' + version_text(tls.max_version) + (tls.skip_verification ? "\n!" : "\n");
}

bool expect_server(SSL* session, const std::string& name) {
  X509_VERIFY_PARAM* expected = SSL_get0_param(session);
  if (is_address(name)) return X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str()) == 1;
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_host(expected, name.data(), name.size()) != 1) return false;
  // SSL_set_tlsext_host_name() is a macro with a cast of C.
  std::string copy = name;
  return SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, copy.data()) == 1;
}

std::string handshake_error(SSL* session, const std::string& otherwise) {
  const long verified = SSL_get_verify_result(session);
  ERR_clear_error();
  if (verified == X509_V_OK) return otherwise;
  return std::string{"certificate verify failed: "} + X509_verify_cert_error_string(verified);
}

std::string peer_certificate_sha256(SSL* session) {
  const X509* certificate = SSL_get0_peer_certificate(session);
  // Only a context that verifies may say who it is: without a client CA nothing is asked for and nothing shown counts.
  if (certificate == nullptr || SSL_get_verify_mode(session) == SSL_VERIFY_NONE || SSL_get_verify_result(session) != X509_V_OK)
    return {};
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  return to_hex(std::span{digest.data(), size});
}

}  // namespace watchbill::drivers::net
