#include "drivers/scrape/authorization.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/bytes.h"

namespace watchbill::drivers::scrape {
namespace {

constexpr std::size_t secret_bytes_max = 64U << 10;
constexpr std::string_view environment_prefix = "env:";

Result<std::string> read_file(const std::string& path) {
  constexpr const char* tried = "read the secret in";
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return Error::from_errno(errno, tried, path);
  std::string text(secret_bytes_max + 1, '\0');
  std::size_t size = 0;
  ssize_t count = 0;
  do {
    count = ::read(file, text.data() + size, text.size() - size);
    if (count > 0) size += static_cast<std::size_t>(count);
  } while ((count > 0 && size < text.size()) || (count < 0 && errno == EINTR));
  const int failure = count < 0 ? errno : 0;
  ::close(file);
  if (failure != 0) return Error::from_errno(failure, tried, path);
  if (size > secret_bytes_max) return Error{ErrorKind::exhausted, tried, path, "the file has more than 64 KiB"};
  text.resize(size);
  constexpr const char* blanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blanks);
  return begin == std::string::npos ? std::string() : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

Result<std::string> read_secret(const HttpClientConfiguration& client) {
  if (!client.secret_file.empty()) return read_file(client.secret_file);
  if (!client.secret.starts_with(environment_prefix)) return std::string();
  const std::string name = client.secret.substr(environment_prefix.size());
  const char* value = std::getenv(name.c_str());
  if (value != nullptr) return std::string(value);
  return Error{ErrorKind::not_found, "read the secret", client.secret, "the environment has no such name"};
}

}  // namespace

Result<std::optional<std::string>> authorization_of(const HttpClientConfiguration& client) {
  if (client.authorization.empty()) return std::optional<std::string>();
  Result<std::string> secret = read_secret(client);
  if (!secret) return secret.error();
  const bool is_basic = client.authorization == "Basic";
  return std::optional(client.authorization + " " + (is_basic ? to_base64(client.username + ":" + *secret) : *secret));
}

}  // namespace watchbill::drivers::scrape
