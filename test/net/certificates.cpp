#include "net/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/assert.h"

namespace watchbill::drivers::net {

struct Certificates::Authority {
  EVP_PKEY* key{EVP_EC_gen("P-256")};
  X509* certificate{nullptr};
};

namespace {

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  WB_ASSERT(extension != nullptr, "the extensions of this file are well formed");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509* make(EVP_PKEY* key, const std::string& name, X509* issuer, EVP_PKEY* issuer_key, const std::string& alternative_names,
           int days) {
  static long serial = 1;
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -86400L * 60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * days);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, issuer == nullptr ? subject : X509_get_subject_name(issuer));
  X509_set_pubkey(certificate, key);
  extend(certificate, issuer == nullptr ? certificate : issuer, NID_basic_constraints,
         issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
  if (!alternative_names.empty()) extend(certificate, issuer, NID_subject_alt_name, alternative_names);
  X509_sign(certificate, issuer_key, EVP_sha256());
  return certificate;
}

void write_certificate(const std::string& path, X509* certificate) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  WB_ASSERT(file != nullptr, "the temporary folder can be written");
  PEM_write_X509(file, certificate);
  std::fclose(file);
}

}  // namespace

Certificates::Certificates() : authority_(new Authority) {
  std::string pattern = std::filesystem::temp_directory_path() / "watchbill-net-XXXXXX";
  WB_ASSERT(::mkdtemp(pattern.data()) != nullptr, "the temporary folder can be written");
  folder_ = pattern;
  authority_->certificate = make(authority_->key, "test CA", nullptr, authority_->key, "", 30);
  write_certificate(file("ca.pem"), authority_->certificate);
}

Certificates::~Certificates() {
  X509_free(authority_->certificate);
  EVP_PKEY_free(authority_->key);
  delete authority_;
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Certificates::issue(const std::string& name, const std::string& alternative_names, int days) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = make(key, name, authority_->certificate, authority_->key, alternative_names, days);
  write_certificate(file(name + ".pem"), certificate);
  std::FILE* out = std::fopen(file(name + ".key").c_str(), "w");
  WB_ASSERT(out != nullptr, "the temporary folder can be written");
  PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(out);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

}  // namespace watchbill::drivers::net
