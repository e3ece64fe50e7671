#include "app/admin_token.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

namespace watchbill::app {
namespace {

constexpr std::size_t token_digits = 64;
constexpr mode_t owner_only = 0600;

bool is_token(std::string_view text) {
  return text.size() == token_digits &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<std::string> read_token(int file, const std::string& path) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return Error::from_errno(errno, "look at", path);
  if ((status.st_mode & 077) != 0)
    return Error{ErrorKind::denied, "read", path, "others may read it: make it anew, or chmod 600 when nobody did"};
  std::array<char, token_digits + 2> bytes{};
  const ssize_t got = ::read(file, bytes.data(), bytes.size());
  if (got < 0) return Error::from_errno(errno, "read", path);
  std::string text(bytes.data(), static_cast<std::size_t>(got));
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (!is_token(text))
    return Error{ErrorKind::invalid, "read", path, "expected 64 hex digits; remove it to have a new token made"};
  return text;
}

// Whole or not at all: a token that is half written would lock its owner out.
Result<std::string> make_token(const std::string& path, ports::EntropyPort& entropy) {
  const std::string token = entropy.hex32() + entropy.hex32();
  const std::string line = token + "\n";
  const std::string draft = path + ".new";
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, owner_only);
  if (file < 0) return Error::from_errno(errno, "write", draft);
  const bool is_written = ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(file) == 0;
  const int reason = errno;
  ::close(file);
  if (!is_written) return Error::from_errno(reason, "write", draft);
  if (::rename(draft.c_str(), path.c_str()) != 0) return Error::from_errno(errno, "rename", draft);
  return token;
}

}  // namespace

Result<std::string> admin_token(const std::string& data_directory, ports::EntropyPort& entropy) {
  const std::string path = data_directory + "/admin.token";
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0 && errno == ENOENT) return make_token(path, entropy);
  if (file < 0) return Error::from_errno(errno, "open", path);
  Result<std::string> token = read_token(file, path);
  ::close(file);
  return token;
}

}  // namespace watchbill::app
