// Certificates for tests, made anew each time so that none ever expires in the repository.
#pragma once

#include <string>

namespace watchbill::drivers::net {

// A folder with ca.pem, and NAME.pem with NAME.key (chain and key) for what was issued. Removed at the end.
class Certificates {
 public:
  Certificates();
  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // A certificate of this CA; `alternative_names` as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1". `days` may be negative:
  // expired.
  void issue(const std::string& name, const std::string& alternative_names, int days = 30);
  [[nodiscard]] std::string file(const std::string& name) const { return folder_ + "/" + name; }

 private:
  struct Authority;
  Authority* authority_;
  std::string folder_;
};

}  // namespace watchbill::drivers::net
