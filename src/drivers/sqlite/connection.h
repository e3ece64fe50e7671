// SQLite behind two owning types; the only file that knows how its errors map to ours.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace watchbill::drivers::sqlite {

// A failure of SQLite as an Error: SQLITE_FULL is exhausted, a read-only file or file system read_only, damage corrupt, the rest
// unknown.
[[nodiscard]] Error error_of(sqlite3* database, int code, std::string tried, const std::string& path);

// A prepared statement. One thread at a time.
class Statement {
 public:
  Statement() = default;
  Statement(sqlite3* database, std::string_view sql);

  [[nodiscard]] bool is_prepared() const noexcept { return statement_ != nullptr; }
  Statement& bind(int index, std::int64_t value);
  // The text must live until the next reset().
  Statement& bind(int index, std::string_view text);
  Statement& bind_null(int index);
  // SQLITE_ROW, SQLITE_DONE or an error code.
  [[nodiscard]] int step();
  void reset();
  [[nodiscard]] std::int64_t integer(int column) const;
  // A view until the next step() or reset().
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

enum class Access : std::uint8_t {
  read_write,  // creates the file when it is not there; WAL, synchronous=FULL
  read_only,
};

// One open database file.
class Connection {
 public:
  Connection() = default;
  [[nodiscard]] static Result<Connection> open(const std::string& path, Access access);

  [[nodiscard]] sqlite3* handle() const noexcept { return database_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // Runs statements that give no rows that matter.
  [[nodiscard]] Status run(const char* sql);
  [[nodiscard]] Statement prepare(std::string_view sql) const { return Statement(database_.get(), sql); }

 private:
  [[nodiscard]] static Result<Connection> open_with(const std::string& path, const std::string& name, int flags);

  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  std::unique_ptr<sqlite3, Close> database_;
  std::string path_;
};

}  // namespace watchbill::drivers::sqlite
