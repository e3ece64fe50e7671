#include "drivers/sqlite/connection.h"

#include <sys/stat.h>

#include <cerrno>

namespace watchbill::drivers::sqlite {
namespace {

ErrorKind kind_of(sqlite3* database, int code) {
  switch (code & 0xFF) {
    case SQLITE_FULL: return ErrorKind::exhausted;
    case SQLITE_READONLY: return ErrorKind::read_only;
    case SQLITE_CORRUPT: case SQLITE_NOTADB: return ErrorKind::corrupt;
    case SQLITE_BUSY: case SQLITE_LOCKED: return ErrorKind::busy;
    case SQLITE_PERM: case SQLITE_AUTH: return ErrorKind::denied;
    case SQLITE_CANTOPEN: return ErrorKind::not_found;
    case SQLITE_IOERR: break;
    default: return ErrorKind::unknown;
  }
  // A write that the file system refused as a whole cannot have left a commit behind: with power-safe overwrite, SQLite's
  // default, the commit frame is the last write before the sync. A failed sync can, and stays unknown.
  if (code == SQLITE_IOERR_WRITE && database != nullptr) {
    const int system_error = sqlite3_system_errno(database);
    if (system_error == EROFS) return ErrorKind::read_only;
    if (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG) return ErrorKind::exhausted;
  }
  if (code == SQLITE_IOERR_SHORT_READ || code == SQLITE_IOERR_READ || code == SQLITE_IOERR_CORRUPTFS) return ErrorKind::corrupt;
  return ErrorKind::unknown;
}

}  // namespace

Error error_of(sqlite3* database, int code, std::string tried, const std::string& path) {
  std::string detail = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  detail.append(" (SQLite ").append(std::to_string(code)).append(")");
  return Error{kind_of(database, code), std::move(tried), path, std::move(detail)};
}

Statement::Statement(sqlite3* database, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  statement_.reset(statement);
}

Statement& Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_null(int index) {
  sqlite3_bind_null(statement_.get(), index);
  return *this;
}

int Statement::step() { return sqlite3_step(statement_.get()); }

void Statement::reset() { sqlite3_reset(statement_.get()); }

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string_view Statement::text(int column) const {
  // Blob access gives the stored bytes as they are, whatever type a damaged column claims.
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (bytes == nullptr || size <= 0) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

namespace {

// On a file system that takes no writes SQLite cannot make the shared memory that a log needs. Without a log beside it the file
// is all there is, and nobody can change it: then it may be read as it stands.
bool is_whole_without_log(const std::string& path) {
  struct stat log {};
  return ::stat((path + "-wal").c_str(), &log) != 0 || log.st_size == 0;
}

std::string immutable_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    constexpr char digits[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '?' || c == '#' || c == '%') uri.append(1, '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    else uri.push_back(c);
  }
  return uri + "?immutable=1";
}

}  // namespace

Result<Connection> Connection::open(const std::string& path, Access access) {
  constexpr int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (access == Access::read_write) {
    Result<Connection> connection = open_with(path, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | common);
    if (!connection) return connection;
    if (Status status = connection->run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"); !status) return status.error();
    return connection;
  }
  Result<Connection> connection = open_with(path, path, SQLITE_OPEN_READONLY | common);
  if (connection && connection->run("SELECT count(*) FROM sqlite_schema")) return connection;
  if (!is_whole_without_log(path)) return connection;
  return open_with(path, immutable_uri(path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | common);
}

Result<Connection> Connection::open_with(const std::string& path, const std::string& name, int flags) {
  Connection connection;
  connection.path_ = path;
  sqlite3* database = nullptr;
  const int opened = sqlite3_open_v2(name.c_str(), &database, flags, nullptr);
  connection.database_.reset(database);
  if (opened != SQLITE_OK) return error_of(database, opened, "open", path);
  constexpr int busy_timeout_ms = 5000;  // a reader may meet the controller's checkpoint
  sqlite3_busy_timeout(database, busy_timeout_ms);
  return connection;
}

Status Connection::run(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error_of(database_.get(), code, "write", path_);
  return {};
}

}  // namespace watchbill::drivers::sqlite
