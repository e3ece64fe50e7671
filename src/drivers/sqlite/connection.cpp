#include "drivers/sqlite/connection.h"

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

Result<Connection> Connection::open(const std::string& path, Access access) {
  Connection connection;
  connection.path_ = path;
  const bool writes = access == Access::read_write;
  const int flags =
      (writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  sqlite3* database = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  connection.database_.reset(database);
  if (opened != SQLITE_OK) return error_of(database, opened, "open", path);
  sqlite3_busy_timeout(database, 5000);
  sqlite3_extended_result_codes(database, 1);
  if (writes)
    if (Status status = connection.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"); !status) return status.error();
  return connection;
}

Status Connection::run(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error_of(database_.get(), code, "write", path_);
  return {};
}

}  // namespace watchbill::drivers::sqlite
