#include "drivers/sqlite/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "base/descriptor.h"

namespace watchbill::drivers::sqlite {
namespace {

constexpr mode_t directory_mode = 0700;
constexpr mode_t closed_mode = 0400;  // of a segment that gets no more records
constexpr int lock_looks_max = 20;
constexpr timespec lock_look_pause{0, 5'000'000};
constexpr const char* schema =
    "CREATE TABLE IF NOT EXISTS record(seq INTEGER PRIMARY KEY, header BLOB NOT NULL, payload BLOB);"
    "CREATE TABLE IF NOT EXISTS blob(digest TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;";

Status make_directory(const std::string& path) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure)) return {};
  if (!std::filesystem::create_directories(path, failure) && failure)
    return Error::from_errno(failure.value(), "make the directory", path);
  ::chmod(path.c_str(), directory_mode);
  return {};
}

// The number in "000001.db"; 0 for any other name.
Segment segment_of(const std::string& name) {
  Segment segment = 0;
  const char* const end = name.data() + name.size();
  const auto [after, failure] = std::from_chars(name.data(), end, segment);
  return failure == std::errc{} && std::string_view(after, static_cast<std::size_t>(end - after)) == ".db" ? segment : 0;
}

}  // namespace

DataLock::DataLock(DataLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

DataLock& DataLock::operator=(DataLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

DataLock::~DataLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<DataLock> DataLock::take(const std::string& data_directory) {
  if (Status made = make_directory(data_directory); !made) return made.error();
  const std::string path = data_directory + "/lock";
  DataLock lock;
  lock.descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock.descriptor_ < 0) return Error::from_errno(errno, "open the lock", path);
  // Who only looks whether it is held has it for a moment.
  for (int look = 0; ::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0; ++look) {
    if (look == lock_looks_max)
      return Error{ErrorKind::busy, "lock", data_directory, "another controller holds this data directory"};
    ::nanosleep(&lock_look_pause, nullptr);
  }
  return lock;
}

bool DataLock::is_held(const std::string& data_directory) {
  DataLock look;
  look.descriptor_ = ::open((data_directory + "/lock").c_str(), O_RDONLY | O_CLOEXEC);
  return look.descriptor_ >= 0 && ::flock(look.descriptor_, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Result<std::unique_ptr<Journal>> Journal::open(const std::string& data_directory, Options options) {
  std::unique_ptr<Journal> journal(new Journal(data_directory, options));
  if (options.access == Access::read_only) {
    if (journal->segments().empty()) return Error{ErrorKind::not_found, "open the journal in", data_directory, "there is none"};
    return journal;
  }
  for (const char* folder : {"/journal", "/snapshots"})
    if (Status made = make_directory(data_directory + folder); !made) return made.error();
  // The reserve is taken at start; a disk that has no room for it now has the warning that the controller is near its end.
  static_cast<void>(journal->keep_ballast(true));
  return journal;
}

std::string Journal::segment_path(Segment segment) const {
  std::string number = std::to_string(segment);
  if (number.size() < 6) number.insert(0, 6 - number.size(), '0');
  return data_ + "/journal/" + number + ".db";
}

std::vector<Segment> Journal::segments() const {
  std::vector<Segment> found;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(data_ + "/journal", failure))
    if (const Segment segment = segment_of(entry.path().filename().string()); segment != 0) found.push_back(segment);
  std::sort(found.begin(), found.end());
  return found;
}

Result<std::shared_ptr<Connection>> Journal::reader(Segment segment) {
  if (segment == open_segment_) return writer_;
  const auto known = readers_.find(segment);
  if (known != readers_.end()) return known->second;
  constexpr std::size_t readers_max = 16;  // descriptors: a walk over many segments needs one at a time
  if (readers_.size() >= readers_max) readers_.clear();
  Result<Connection> opened = Connection::open(segment_path(segment), Access::read_only);
  if (!opened) return opened.error();
  return readers_.emplace(segment, std::make_shared<Connection>(std::move(*opened))).first->second;
}

Status Journal::open_for_append(Segment segment) {
  if (open_segment_ == segment) return {};
  close_segment();
  readers_.erase(segment);
  Result<Connection> opened = Connection::open(segment_path(segment), Access::read_write);
  if (!opened) return opened.error();
  writer_ = std::make_shared<Connection>(std::move(*opened));
  if (Status made = writer_->run(schema); !made) return made;
  insert_record_ = writer_->prepare("INSERT INTO record(seq, header, payload) VALUES(?1, ?2, ?3)");
  insert_blob_ = writer_->prepare("INSERT OR IGNORE INTO blob(digest, bytes) VALUES(?1, ?2)");
  if (!insert_record_.is_prepared() || !insert_blob_.is_prepared())
    return error_of(writer_->handle(), sqlite3_extended_errcode(writer_->handle()), "prepare", writer_->path());
  open_segment_ = segment;
  return {};
}

// A closed segment has no WAL beside it and is read-only: one file is all of it.
void Journal::close_segment() {
  if (open_segment_ == 0) return;
  insert_record_ = Statement();
  insert_blob_ = Statement();
  const bool is_whole = writer_->run("PRAGMA journal_mode=DELETE").has_value();
  const std::string path = writer_->path();
  writer_.reset();
  if (is_whole) ::chmod(path.c_str(), closed_mode);
  open_segment_ = 0;
}

namespace {

// A segment whose maker was killed before it had tables: a file without anything in it.
bool is_unmade(const Connection& connection) {
  Statement tables = connection.prepare("SELECT count(*) FROM sqlite_schema");
  return tables.is_prepared() && tables.step() == SQLITE_ROW && tables.integer(0) == 0;
}

bool is_closed(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & 0777) == closed_mode;
}

}  // namespace

// The newest segment is opened for writing, which recovers its WAL; then all of it goes to the file and to the disk, so that what
// is read from here on is what the disk holds. Where the file has no room to grow the WAL itself is made durable: it holds the
// same.
Status Journal::settle(Segment segment) {
  if (Status opened = open_for_append(segment); !opened) {
    open_segment_ = 0;
    return opened;
  }
  Status written = writer_->run("PRAGMA wal_checkpoint(TRUNCATE)");
  if (written || written.error().kind != ErrorKind::exhausted) return written;
  const std::string wal = segment_path(segment) + "-wal";
  const Descriptor file(::open(wal.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return written;
  return ::fdatasync(file.get()) == 0 ? Status{} : Error::from_errno(errno, "sync", wal);
}

Result<ports::JournalEnd> Journal::end() {
  ports::JournalEnd out;
  const std::vector<Segment> found = segments();
  for (auto segment = found.rbegin(); segment != found.rend(); ++segment) {
    if (options_.access == Access::read_write && segment == found.rbegin() && !is_closed(segment_path(*segment))) {
      Status settled = settle(*segment);
      // A full disk: the reserve is there for this.
      if (!settled) {
        static_cast<void>(keep_ballast(false));
        settled = settle(*segment);
      }
      if (!settled) return settled.error();
    }
    Result<std::shared_ptr<Connection>> connection = reader(*segment);
    if (!connection) return connection.error();
    Statement last = (*connection)->prepare("SELECT seq, header, length(header), payload FROM record ORDER BY seq DESC LIMIT 1");
    if (!last.is_prepared() && is_unmade(**connection)) continue;
    const int code = last.is_prepared() ? last.step() : sqlite3_extended_errcode((*connection)->handle());
    if (code == SQLITE_DONE) continue;  // a segment that was made and got no record
    if (code != SQLITE_ROW) return error_of((*connection)->handle(), code, "read the end of", segment_path(*segment));
    StoredRecord record{static_cast<Sequence>(last.integer(0)), std::string(last.text(1)), std::nullopt};
    const std::optional<RecordHeader> header = decode_header(record.header);
    if (!header) return Error{ErrorKind::corrupt, "read the end of", segment_path(*segment), "its last record has no header"};
    out.head = ChainHead{record.sequence, record.hash(), header->time, header->epoch, header->segment};
    last.reset();
    Statement sum = (*connection)->prepare("SELECT sum(length(header) + coalesce(length(payload), 0)), min(seq) FROM record");
    if (sum.step() == SQLITE_ROW) out.segment_bytes = static_cast<std::uint64_t>(sum.integer(0));
    Statement first = (*connection)->prepare("SELECT header FROM record ORDER BY seq LIMIT 1");
    if (first.step() == SQLITE_ROW)
      if (const auto began = decode_header(first.text(0))) out.segment_since = began->time;
    return out;
  }
  return out;
}

Status Journal::write_all(std::span<const StoredRecord> records, std::span<const Blob> blobs) {
  if (Status begun = writer_->run("BEGIN IMMEDIATE"); !begun) return begun;
  for (const Blob& blob : blobs) {
    const std::string digest = blob.digest.hex();
    insert_blob_.bind(1, std::string_view(digest)).bind(2, std::string_view(blob.bytes));
    const int code = insert_blob_.step();
    insert_blob_.reset();
    if (code != SQLITE_DONE) return error_of(writer_->handle(), code, "store a blob in", writer_->path());
  }
  for (const StoredRecord& record : records) {
    insert_record_.bind(1, static_cast<std::int64_t>(record.sequence)).bind(2, std::string_view(record.header));
    if (record.payload) insert_record_.bind(3, std::string_view(*record.payload));
    else insert_record_.bind_null(3);
    const int code = insert_record_.step();
    insert_record_.reset();
    if (code != SQLITE_DONE) return error_of(writer_->handle(), code, "append to", writer_->path());
  }
  return writer_->run("COMMIT");
}

ports::AppendOutcome Journal::append(std::span<const StoredRecord> records, std::span<const Blob> blobs, std::string& detail) {
  const std::optional<RecordHeader> first = decode_header(records.front().header);
  Status written =
      first ? open_for_append(first->segment) : Status(Error{ErrorKind::invalid, "append", "", "a record without a header"});
  if (written) written = write_all(records, blobs);
  if (written) return ports::AppendOutcome::durable;
  const Error failure = written.error();
  detail = failure.text();
  // Also ends the transaction that SQLite has rolled back by itself; its own failure leaves nothing committed either.
  if (open_segment_ != 0) static_cast<void>(writer_->run("ROLLBACK"));
  if (failure.kind == ErrorKind::exhausted) return ports::AppendOutcome::refused_full;
  if (failure.kind == ErrorKind::read_only) return ports::AppendOutcome::refused_read_only;
  return ports::AppendOutcome::unknown;
}

Status Journal::read(Sequence from, Sequence to, const std::function<bool(const StoredRecord&)>& visit) {
  constexpr auto row_id_max = static_cast<Sequence>(std::numeric_limits<std::int64_t>::max());
  for (const Segment segment : segments()) {
    Result<std::shared_ptr<Connection>> connection = reader(segment);
    if (!connection) return connection.error();
    Statement rows = (*connection)->prepare("SELECT seq, header, payload FROM record WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq");
    if (!rows.is_prepared() && is_unmade(**connection)) continue;
    if (!rows.is_prepared())
      return error_of((*connection)->handle(), sqlite3_extended_errcode((*connection)->handle()), "read", segment_path(segment));
    rows.bind(1, static_cast<std::int64_t>(std::min(from, row_id_max)))
        .bind(2, static_cast<std::int64_t>(std::min(to, row_id_max)));
    int code = rows.step();
    for (; code == SQLITE_ROW; code = rows.step()) {
      StoredRecord record{static_cast<Sequence>(rows.integer(0)), std::string(rows.text(1)), std::nullopt};
      if (!rows.is_null(2)) record.payload.emplace(rows.text(2));
      if (!visit(record)) return {};
    }
    if (code != SQLITE_DONE) return error_of((*connection)->handle(), code, "read", segment_path(segment));
  }
  return {};
}

Result<std::optional<std::string>> Journal::blob(const Digest& digest) {
  const std::vector<Segment> found = segments();
  const std::string name = digest.hex();
  for (auto segment = found.rbegin(); segment != found.rend(); ++segment) {
    Result<std::shared_ptr<Connection>> connection = reader(*segment);
    if (!connection) return connection.error();
    Statement row = (*connection)->prepare("SELECT bytes FROM blob WHERE digest = ?1");
    if (!row.is_prepared()) continue;
    row.bind(1, std::string_view(name));
    const int code = row.step();
    if (code == SQLITE_ROW) return std::optional(std::string(row.text(0)));
    if (code != SQLITE_DONE) return error_of((*connection)->handle(), code, "read a blob of", segment_path(*segment));
  }
  return std::optional<std::string>();
}

Status Journal::each_blob(const std::function<bool(const Digest&, std::string_view)>& visit) {
  for (const Segment segment : segments()) {
    Result<std::shared_ptr<Connection>> connection = reader(segment);
    if (!connection) return connection.error();
    Statement rows = (*connection)->prepare("SELECT digest, bytes FROM blob ORDER BY digest");
    if (!rows.is_prepared() && is_unmade(**connection)) continue;
    int code = rows.is_prepared() ? rows.step() : sqlite3_extended_errcode((*connection)->handle());
    for (; code == SQLITE_ROW; code = rows.step()) {
      Digest digest;
      if (!digest.assign_hex(rows.text(0)))
        return Error{ErrorKind::corrupt, "read a blob of", segment_path(segment), "its name is not a digest"};
      if (!visit(digest, rows.text(1))) return {};
    }
    if (code != SQLITE_DONE) return error_of((*connection)->handle(), code, "read the blobs of", segment_path(segment));
  }
  return {};
}

}  // namespace watchbill::drivers::sqlite
