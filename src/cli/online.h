// Verbs that ask a running controller: where it is, who we are, and how its answers become output and exit codes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "cli/terminal.h"
#include "cli/world.h"

namespace watchbill::cli {

inline constexpr std::string_view server_default = "http://127.0.0.1:9911";

struct ServerArguments {
  std::string server;      // URL; empty: server_default
  std::string token_file;  // empty: DATA/admin.token when the server is the controller of DATA and we may read it
  std::string data{"./data"};
};

struct StatusArguments {
  bool watch{false};  // again each second
  bool warn_as_fail{false};
};

struct HoldArguments {
  std::string scope{"all"};
  std::string reason;
  bool restarts{false};
  std::string request_id;
};

struct QueryArguments {
  std::string expression;
  std::string at;     // RFC 3339; empty: now
  std::string since;  // a duration: over this time up to `at`; empty: at one instant
  std::string step;   // a duration; empty: a sixtieth of `since`
};

// One connection to a controller, for the length of a verb.
class Online {
 public:
  Online(World& world, ServerArguments arguments) : world_(world), arguments_(std::move(arguments)) {}

  struct Asked {
    std::string method{"GET"};
    std::string path;  // below /api/watchbill/v1, or whole from /api on; with its query
    std::string body{};
    std::string request_id{};
  };
  // The answer, whatever its status. Fails when nobody answers, or the token file cannot be read.
  [[nodiscard]] Result<ports::HttpAnswer> ask(const Asked& asked);
  // The same, printed: a refusal and a controller that is not there end the verb with the exit code that `code` gets.
  [[nodiscard]] std::optional<JsonValue> ask_or_complain(Terminal& terminal, const Asked& asked, ExitCode& code);

 private:
  [[nodiscard]] Result<std::string> token() const;
  [[nodiscard]] std::string who_asked() const;
  [[nodiscard]] bool is_own_controller() const;
  [[nodiscard]] std::string server() const;

  World& world_;
  ServerArguments arguments_;
};

// A part of a path, with every byte escaped that is not a letter, a digit or one of "-._~".
[[nodiscard]] std::string escaped(std::string_view text);

// `status`: what waits for a person, then the overview. With warn_as_fail exit 1 for what cli/attention.h calls a warning.
[[nodiscard]] ExitCode status(Terminal& terminal, World& world, const ServerArguments& server, const StatusArguments& arguments);
// `hold`, `hold release`, `hold show`.
[[nodiscard]] ExitCode hold_set(Terminal& terminal, World& world, const ServerArguments& server, const HoldArguments& hold);
[[nodiscard]] ExitCode hold_release(Terminal& terminal, World& world, const ServerArguments& server, const HoldArguments& hold);
[[nodiscard]] ExitCode hold_show(Terminal& terminal, World& world, const ServerArguments& server);

// `query`: an expression at one instant, or over a time.
[[nodiscard]] ExitCode query(Terminal& terminal, World& world, const ServerArguments& server, const QueryArguments& arguments);
// `alerts list`: those that are pending or firing and meet all filters, each a matcher such as severity="page".
[[nodiscard]] ExitCode alerts_list(Terminal& terminal, World& world, const ServerArguments& server,
                                   const std::vector<std::string>& filters);
// `alerts show ALERT`: by its id, the beginning of one (8 digits or more), or its name when only one alert has it.
[[nodiscard]] ExitCode alerts_show(Terminal& terminal, World& world, const ServerArguments& server, const std::string& alert);

}  // namespace watchbill::cli
