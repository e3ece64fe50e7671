// Snapshots and the reserve: plain files beside the segments.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/descriptor.h"
#include "drivers/sqlite/journal.h"

namespace watchbill::drivers::sqlite {
namespace {

constexpr std::size_t snapshots_kept = 2;
constexpr std::uint64_t snapshot_bytes_max = 1U << 30;

// Gives the bytes of the reserve back; its empty file remembers that there was one.
void give_up(const std::string& ballast) noexcept {
  if (::truncate(ballast.c_str(), 0) != 0) static_cast<void>(::unlink(ballast.c_str()));
}

// The first line of a snapshot file is the header of the record it ends with, so that it names its place in the chain; the second
// is the digest of the rest.
std::string file_text(const ports::StoredSnapshot& snapshot, const std::string& header) {
  return header + sha256(snapshot.text).hex() + "\n" + snapshot.text;
}

std::vector<std::string> snapshot_files(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure))
    if (entry.path().extension() == ".snapshot") files.push_back(entry.path().string());
  std::sort(files.begin(), files.end(), std::greater<>());
  return files;
}

Result<std::string> read_whole(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0) return Error::from_errno(errno, "open", path);
  if (static_cast<std::uint64_t>(status.st_size) > snapshot_bytes_max)
    return Error{ErrorKind::corrupt, "read", path, "it is larger than any snapshot"};
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Error::from_errno(got < 0 ? errno : EIO, "read", path);
    filled += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace

Status Journal::save_snapshot(const ports::StoredSnapshot& snapshot) {
  std::string header;
  if (Status found = read(snapshot.head.sequence, snapshot.head.sequence,
                          [&header](const StoredRecord& record) {
                            header = record.header;
                            return false;
                          });
      !found)
    return found;
  const std::string folder = data_ + "/snapshots";
  std::string number = std::to_string(snapshot.head.sequence);
  number.insert(0, 20 - std::min<std::size_t>(number.size(), 20), '0');
  const std::string path = folder + "/" + number + ".snapshot";
  const std::string temporary = path + ".new";
  {
    const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.is_open()) return Error::from_errno(errno, "make", temporary);
    if (Status written = watchbill::write_all(file.get(), file_text(snapshot, header), temporary); !written) {
      ::unlink(temporary.c_str());
      return written;
    }
    if (::fsync(file.get()) != 0) return Error::from_errno(errno, "sync", temporary);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return Error::from_errno(errno, "rename", temporary);
  if (Status synced = sync_folder(folder); !synced) return synced;
  const std::vector<std::string> files = snapshot_files(folder);
  for (std::size_t i = snapshots_kept; i < files.size(); ++i) ::unlink(files[i].c_str());
  return {};
}

Result<std::optional<ports::StoredSnapshot>> Journal::load_snapshot(std::size_t skip) {
  const std::vector<std::string> files = snapshot_files(data_ + "/snapshots");
  if (skip >= files.size()) return std::optional<ports::StoredSnapshot>();
  Result<std::string> bytes = read_whole(files[skip]);
  if (!bytes) return bytes.error();
  const Error damaged{ErrorKind::corrupt, "read", files[skip], "it is damaged"};
  const std::size_t header_end = bytes->find('\n');
  if (header_end == std::string::npos || bytes->size() < header_end + 1 + Digest::hex_size + 1) return damaged;
  const std::string line = bytes->substr(0, header_end + 1);
  const std::optional<RecordHeader> header = decode_header(line);
  Digest digest;
  const bool has_digest = digest.assign_hex(std::string_view(*bytes).substr(header_end + 1, Digest::hex_size));
  std::string text = bytes->substr(header_end + 1 + Digest::hex_size + 1);
  if (!header || !has_digest || sha256(text) != digest) return damaged;
  const ChainHead head{header->sequence, sha256(line), header->time, header->epoch, header->segment};
  return std::optional(ports::StoredSnapshot{head, std::move(text)});
}

// A reserve that was given up is an empty file, also over a restart: what it gave free is not for ordinary writing. A disk that
// never had room for one has no such file.
ports::Room Journal::keep_ballast(bool wanted) {
  const std::string path = data_ + "/ballast";
  if (!options_.ballast) return ports::Room::reserve;
  struct stat status {};
  const bool is_there = ::stat(path.c_str(), &status) == 0;
  if (!wanted) {
    if (is_there) give_up(path);
    return ports::Room::none;
  }
  if (is_there && static_cast<std::uint64_t>(status.st_size) >= ballast_bytes) return ports::Room::reserve;
  struct statvfs volume {};
  if (::statvfs(data_.c_str(), &volume) != 0) return ports::Room::none;
  const std::uint64_t free_bytes = static_cast<std::uint64_t>(volume.f_bavail) * volume.f_frsize;
  const std::uint64_t needed = ordinary_free_bytes_min + (is_there ? ballast_bytes : 0);
  const ports::Room without = free_bytes >= needed ? ports::Room::ordinary : ports::Room::none;
  if (free_bytes < ballast_free_bytes_min) return without;
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  // Blocks, not a hole: only what is really there can be given up.
  if (file.is_open() && ::posix_fallocate(file.get(), 0, static_cast<off_t>(ballast_bytes)) == 0) return ports::Room::reserve;
  if (is_there) give_up(path);
  else ::unlink(path.c_str());
  return without;
}

}  // namespace watchbill::drivers::sqlite
