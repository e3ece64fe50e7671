#include "sqlite/recording_disk.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace watchbill::drivers::sqlite {
namespace {

constexpr std::uint64_t sector_bytes = 512;

// SQLite's interface is C: state behind it is global while a RecordingDisk lives.
std::vector<DiskStep>* recorded = nullptr;
std::uint64_t acknowledged_now = 0;
int syncs_until_failure = 0;

sqlite3_vfs* real_vfs = nullptr;
sqlite3_vfs shim_vfs{};
sqlite3_io_methods shim_methods{};

// The real file follows this header in the memory that SQLite gave.
struct ShimFile {
  sqlite3_file base;
  char name[512];
};
sqlite3_file* real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(ShimFile));
}
std::string name_of(sqlite3_file* file) { return reinterpret_cast<ShimFile*>(file)->name; }

void record(DiskStep::Kind kind, std::string file, std::uint64_t offset, std::string bytes) {
  if (recorded != nullptr) recorded->push_back(DiskStep{kind, std::move(file), offset, std::move(bytes), acknowledged_now});
}

int shim_close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
int shim_read(sqlite3_file* file, void* out, int count, sqlite3_int64 at) {
  return real(file)->pMethods->xRead(real(file), out, count, at);
}
int shim_write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 at) {
  const int code = real(file)->pMethods->xWrite(real(file), bytes, count, at);
  if (code == SQLITE_OK)
    record(DiskStep::Kind::write, name_of(file), static_cast<std::uint64_t>(at),
           std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(count)));
  return code;
}
int shim_truncate(sqlite3_file* file, sqlite3_int64 size) {
  record(DiskStep::Kind::truncate, name_of(file), static_cast<std::uint64_t>(size), {});
  return real(file)->pMethods->xTruncate(real(file), size);
}
int shim_sync(sqlite3_file* file, int flags) {
  if (syncs_until_failure > 0 && --syncs_until_failure == 0) return SQLITE_IOERR_FSYNC;
  record(DiskStep::Kind::sync, name_of(file), 0, {});
  return real(file)->pMethods->xSync(real(file), flags);
}
int shim_file_size(sqlite3_file* file, sqlite3_int64* size) { return real(file)->pMethods->xFileSize(real(file), size); }
int shim_lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int shim_unlock(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
int shim_check_lock(sqlite3_file* file, int* out) { return real(file)->pMethods->xCheckReservedLock(real(file), out); }
int shim_control(sqlite3_file* file, int operation, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}
int shim_sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int shim_characteristics(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
int shim_map(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  return real(file)->pMethods->xShmMap(real(file), region, size, extend, out);
}
int shim_map_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void shim_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int shim_unmap(sqlite3_file* file, int remove) { return real(file)->pMethods->xShmUnmap(real(file), remove); }

int shim_open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* shim = reinterpret_cast<ShimFile*>(file);
  std::strncpy(shim->name, name != nullptr ? name : "", sizeof shim->name - 1);
  shim->name[sizeof shim->name - 1] = '\0';
  const int code = real_vfs->xOpen(real_vfs, name, real(file), flags, out_flags);
  file->pMethods = real(file)->pMethods != nullptr ? &shim_methods : nullptr;
  return code;
}
int shim_delete(sqlite3_vfs*, const char* name, int sync_directory) {
  record(DiskStep::Kind::remove, name, 0, {});
  return real_vfs->xDelete(real_vfs, name, sync_directory);
}

void build_shim() {
  real_vfs = sqlite3_vfs_find(nullptr);
  shim_vfs = *real_vfs;
  shim_vfs.zName = "recording";
  shim_vfs.pNext = nullptr;
  shim_vfs.szOsFile = static_cast<int>(sizeof(ShimFile)) + real_vfs->szOsFile;
  shim_vfs.xOpen = shim_open;
  shim_vfs.xDelete = shim_delete;
  shim_methods = sqlite3_io_methods{
      2,           shim_close,      shim_read,    shim_write,       shim_truncate,        shim_sync, shim_file_size, shim_lock,
      shim_unlock, shim_check_lock, shim_control, shim_sector_size, shim_characteristics, shim_map,  shim_map_lock,  shim_barrier,
      shim_unmap,  nullptr,         nullptr};
}

void put(std::string& file, std::uint64_t offset, std::string_view bytes) {
  if (file.size() < offset + bytes.size()) file.resize(offset + bytes.size(), '\0');
  file.replace(offset, bytes.size(), bytes);
}

}  // namespace

RecordingDisk::RecordingDisk() {
  build_shim();
  recorded = new std::vector<DiskStep>();
  acknowledged_now = 0;
  syncs_until_failure = 0;
  sqlite3_vfs_register(&shim_vfs, 1);
}

RecordingDisk::~RecordingDisk() {
  sqlite3_vfs_unregister(&shim_vfs);
  delete recorded;
  recorded = nullptr;
}

void RecordingDisk::acknowledge(std::uint64_t sequence) { acknowledged_now = sequence; }
void RecordingDisk::fail_sync(int n) { syncs_until_failure = n; }
const std::vector<DiskStep>& RecordingDisk::steps() const { return *recorded; }

std::map<std::string, std::string> RecordingDisk::after_power_cut(std::size_t count, std::uint64_t seed) const {
  // The last sync of each file before the cut: everything up to it is on the platter.
  std::map<std::string, std::size_t> synced_to;
  for (std::size_t i = 0; i < count; ++i)
    if ((*recorded)[i].kind == DiskStep::Kind::sync) synced_to[(*recorded)[i].file] = i;
  const auto chance = [&seed] {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (seed >> 33) % 2 == 0;
  };
  std::map<std::string, std::string> files;
  for (std::size_t i = 0; i < count; ++i) {
    const DiskStep& step = (*recorded)[i];
    const auto synced = synced_to.find(step.file);
    const bool is_safe = synced != synced_to.end() && i < synced->second;
    switch (step.kind) {
      case DiskStep::Kind::sync: break;
      case DiskStep::Kind::remove: files.erase(step.file); break;  // names are kept by the file system's own log
      case DiskStep::Kind::truncate:
        if (is_safe || chance()) files[step.file].resize(step.offset, '\0');
        break;
      case DiskStep::Kind::write:
        for (std::uint64_t done = 0; done < step.bytes.size();) {
          const std::uint64_t at = step.offset + done;
          const std::uint64_t length = std::min<std::uint64_t>(sector_bytes - at % sector_bytes, step.bytes.size() - done);
          if (is_safe || chance()) put(files[step.file], at, std::string_view(step.bytes).substr(done, length));
          done += length;
        }
        break;
    }
  }
  return files;
}

}  // namespace watchbill::drivers::sqlite
