// What a running controller says of itself.
#include <unistd.h>

#include "cli/attention.h"
#include "cli/json_text.h"
#include "cli/online.h"

namespace watchbill::cli {
namespace {

constexpr Duration redraw_interval = Duration::seconds(1);

// "due 3, sent 12": the members that are not zero.
std::string counts(const JsonValue* object) {
  std::string out;
  if (object == nullptr || object->as_object() == nullptr) return out;
  for (const auto& [name, value] : *object->as_object())
    if (const std::int64_t* count = value.as_integer(); count != nullptr && *count != 0)
      out.append(out.empty() ? "" : ", ").append(name).append(" ").append(std::to_string(*count));
  return out.empty() ? "none" : out;
}

std::string lanes_text(const JsonValue* lanes) {
  std::string out;
  if (lanes == nullptr || lanes->as_object() == nullptr) return out;
  for (const auto& [name, lane] : *lanes->as_object()) {
    const std::string waiting = member(lane, "waiting"), refused = member(lane, "refused");
    if (waiting == "0" && refused == "0") continue;
    out.append(out.empty() ? "" : ", ").append(name).append(" ").append(waiting).append(" waiting, ").append(refused);
    out.append(" refused");
  }
  return out.empty() ? "nothing waits" : out;
}

// The members of an object's `items`, each on a line of its own.
void print_items(Terminal& terminal, const JsonValue* object, std::initializer_list<std::string_view> names) {
  const JsonValue* items = object == nullptr ? nullptr : object->find("items");
  if (items == nullptr || items->as_array() == nullptr) return;
  for (const JsonValue& item : *items->as_array()) {
    std::string line;
    for (const std::string_view name : names) line.append("  ").append(member(item, name));
    terminal.print(line);
  }
}

void print_watch(Terminal& terminal, const JsonValue& status) {
  terminal.print("targets     " + counts(status.find("targets")));
  print_items(terminal, status.find("targets"), {"job", "url", "error"});
  terminal.print("rules       " + counts(status.find("rules")));
  print_items(terminal, status.find("rules"), {"group", "rule", "error"});
  terminal.print("alerts      " + counts(status.find("alerts")));
  print_items(terminal, status.find("alerts"), {"since", "labels"});
}

// A bill that was refused waits for whoever wrote it: until then the one before goes on.
void print_rejected(Terminal& terminal, const JsonValue& status) {
  const JsonValue* rejected = status.find("rejected");
  const JsonValue* first = rejected == nullptr ? nullptr : rejected->find("first");
  if (first == nullptr) return;
  terminal.print("bill        refused at " + member(*rejected, "at") + " for " + member(*rejected, "by") + ", " +
                 member(*rejected, "errors") + " errors; the one before goes on");
  terminal.print("  " + member(*first, "file") + ":" + member(*first, "line") + ":" + member(*first, "column") + "  " +
                 member(*first, "path") + "  [" + member(*first, "code") + "]");
}

void print_status(Terminal& terminal, const JsonValue& status) {
  terminal.print("controller  " + member(status, "build") + ", epoch " + member(status, "epoch"));
  terminal.print("journal     " + member(status, "records") + " records, last at " + member(status, "last_record_at"));
  const std::string mode = member(status, "write_mode");
  print_rejected(terminal, status);
  const std::string reason = member(status, "read_only_reason");
  terminal.print("writing     " +
                 (mode == "normal" ? mode : mode + ": the journal's disk refuses" + (reason.empty() ? "" : ": " + reason)));
  print_attention(terminal, status);
  terminal.print("lanes       " + lanes_text(status.find("lanes")));
  terminal.print("deliveries  " + counts(status.find("deliveries")));
  print_watch(terminal, status);
  terminal.print("workloads   " + counts(status.find("workloads")));
  const JsonValue* warnings = status.find("warnings");
  if (warnings != nullptr && warnings->as_array() != nullptr)
    for (const JsonValue& warning : *warnings->as_array()) terminal.print("warning     " + text_of(&warning));
}

ExitCode show(Terminal& terminal, Online& online, bool clear, bool warn_as_fail) {
  ExitCode code = ExitCode::done;
  const std::optional<JsonValue> status = online.ask_or_complain(terminal, {"GET", "/status"}, code);
  if (!status) return code;
  if (warn_as_fail && has_warning(*status)) code = ExitCode::negative;
  if (terminal.format() == Format::json) {
    print_json(terminal, *status);
    return code;
  }
  if (clear) terminal.print_raw("\x1b[H\x1b[2J");
  print_status(terminal, *status);
  return code;
}

void print_holds(Terminal& terminal, const JsonValue& page) {
  const JsonValue* items = page.find("items");
  if (items == nullptr || items->as_array() == nullptr || items->as_array()->empty()) {
    terminal.print("nothing is on hold");
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (const JsonValue& hold : *items->as_array())
    rows.push_back({member(hold, "scope"), member(hold, "by"), member(hold, "since"),
                    member(hold, "restarts") == "true" ? "stopped too" : "go on", member(hold, "reason")});
  terminal.table({"SCOPE", "BY", "SINCE", "RESTARTS", "REASON"}, rows);
}

ExitCode change(Terminal& terminal, World& world, const ServerArguments& server, const Online::Asked& asked,
                const std::string& said) {
  Online online(world, server);
  ExitCode code = ExitCode::done;
  const std::optional<JsonValue> answer = online.ask_or_complain(terminal, asked, code);
  if (!answer) return code;
  if (terminal.format() == Format::json) {
    print_json(terminal, *answer);
  } else {
    terminal.print(said + ", record " + member(*answer, "sequence"));
  }
  return code;
}

}  // namespace

ExitCode status(Terminal& terminal, World& world, const ServerArguments& server, const StatusArguments& arguments) {
  Online online(world, server);
  const bool clear = arguments.watch && ::isatty(STDOUT_FILENO) == 1;
  ExitCode code = show(terminal, online, clear, arguments.warn_as_fail);
  while (arguments.watch && terminal.flush() && world.pause(redraw_interval))
    code = show(terminal, online, clear, arguments.warn_as_fail);
  return code;
}

ExitCode hold_set(Terminal& terminal, World& world, const ServerArguments& server, const HoldArguments& hold) {
  if (hold.reason.empty()) return terminal.refuse(Refused{Refusal::note_required, "a hold needs a reason"});
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("scope").string(hold.scope).key("reason").string(hold.reason);
  json.key("restarts").boolean(hold.restarts).end_object();
  return change(terminal, world, server, {"PUT", "/hold", body, hold.request_id}, hold.scope + " is on hold");
}

ExitCode hold_release(Terminal& terminal, World& world, const ServerArguments& server, const HoldArguments& hold) {
  std::string path = "/hold?scope=" + escaped(hold.scope);
  if (!hold.reason.empty()) path += "&reason=" + escaped(hold.reason);
  return change(terminal, world, server, {"DELETE", path, {}, hold.request_id}, hold.scope + " is released");
}

ExitCode hold_show(Terminal& terminal, World& world, const ServerArguments& server) {
  Online online(world, server);
  ExitCode code = ExitCode::done;
  const std::optional<JsonValue> page = online.ask_or_complain(terminal, {"GET", "/hold?limit=1000"}, code);
  if (!page) return code;
  if (terminal.format() == Format::json) {
    print_json(terminal, *page);
  } else {
    print_holds(terminal, *page);
  }
  return code;
}

}  // namespace watchbill::cli
