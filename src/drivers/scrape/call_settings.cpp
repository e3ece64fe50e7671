#include "drivers/scrape/call_settings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/bytes.h"

namespace watchbill::drivers::scrape {
namespace {

constexpr std::size_t secret_bytes_max = 64U << 10;
constexpr std::string_view environment_prefix = "env:";
constexpr std::uint32_t redirect_count_max = 10;  // as Prometheus

}  // namespace

Result<std::string> read_secret_file(const std::string& path) {
  constexpr const char* tried = "read the secret in";
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return Error::from_errno(errno, tried, path);
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(file);
    return Error{ErrorKind::invalid, tried, path, "expected a regular file"};
  }
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

namespace {

// "env:NAME"
Result<std::string> read_environment(const std::string& written) {
  const char* value = std::getenv(written.substr(environment_prefix.size()).c_str());
  if (value != nullptr) return std::string(value);
  return Error{ErrorKind::not_found, "read the secret", written, "the environment has no such name"};
}

Result<std::string> read_secret(const HttpClientConfiguration& client) {
  if (!client.secret_file.empty()) return read_secret_file(client.secret_file);
  return client.secret.starts_with(environment_prefix) ? read_environment(client.secret) : std::string();
}

}  // namespace

Status settle_call(const HttpClientConfiguration& client, ports::HttpCall& call) {
  return settle_call_with(nullptr, client, call);
}

Status settle_call_with(const std::string* given, const HttpClientConfiguration& client, ports::HttpCall& call) {
  call.redirect_count_max = client.refuses_redirects ? 0 : redirect_count_max;
  if (client.tls) call.tls = *client.tls;
  call.proxy = client.proxy;
  if (client.proxy.starts_with(environment_prefix)) {
    Result<std::string> proxy = read_environment(client.proxy);
    if (!proxy) return proxy.error();
    call.proxy = std::move(*proxy);
  }
  if (client.authorization.empty()) return {};
  Result<std::string> secret = given != nullptr ? *given : read_secret(client);
  if (!secret) return secret.error();
  const bool is_basic = client.authorization == "Basic";
  const std::string value = is_basic ? to_base64(client.username + ":" + *secret) : std::move(*secret);
  call.headers.push_back({"Authorization", client.authorization + " " + value});
  return {};
}

}  // namespace watchbill::drivers::scrape
