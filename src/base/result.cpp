#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace watchbill {

std::string_view word(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::invalid: return "invalid";
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::denied: return "denied";
    case ErrorKind::exhausted: return "exhausted";
    case ErrorKind::read_only: return "read_only";
    case ErrorKind::busy: return "busy";
    case ErrorKind::timed_out: return "timed_out";
    case ErrorKind::interrupted: return "interrupted";
    case ErrorKind::corrupt: return "corrupt";
    case ErrorKind::unknown: return "unknown";
  }
  return "unknown";
}

std::string Error::text() const {
  std::string out = tried;
  if (!on.empty()) out.append(" ").append(on);
  if (!detail.empty()) out.append(": ").append(detail);
  return out;
}

namespace {

ErrorKind kind_of(int error_number) noexcept {
  switch (error_number) {
    case ENOENT: case ENOTDIR: case ESRCH: return ErrorKind::not_found;
    case EACCES: case EPERM: return ErrorKind::denied;
    case ENOSPC: case EDQUOT: case EMFILE: case ENFILE: case ENOMEM: return ErrorKind::exhausted;
    case EROFS: return ErrorKind::read_only;
    case EBUSY: case EAGAIN: case EADDRINUSE: case EEXIST: return ErrorKind::busy;
    case ETIMEDOUT: return ErrorKind::timed_out;
    case ECONNRESET: case EPIPE: case ECONNREFUSED: case EINTR: return ErrorKind::interrupted;
    case EINVAL: case ENAMETOOLONG: case ENOEXEC: return ErrorKind::invalid;
    default: return ErrorKind::unknown;
  }
}

}  // namespace

Error Error::from_errno(int error_number, std::string tried, std::string on) {
  return Error{kind_of(error_number), std::move(tried), std::move(on), std::strerror(error_number)};
}

}  // namespace watchbill
