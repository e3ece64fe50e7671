#include "cli/silences.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/json_text.h"
#include "model/matcher/matcher.h"

namespace watchbill::cli {
namespace {

constexpr std::size_t id_digits_shown = 8;
constexpr std::size_t import_bytes_max = 16U << 20;

std::string user_name() {
  const passwd* const user = ::getpwuid(::geteuid());
  return user != nullptr ? user->pw_name : "";
}

bool is_regex(MatcherKind kind) noexcept { return kind == MatcherKind::regex || kind == MatcherKind::not_regex; }
bool is_equal(MatcherKind kind) noexcept { return kind == MatcherKind::equal || kind == MatcherKind::regex; }

void write_matcher(JsonWriter& json, const LabelMatcher& matcher) {
  json.begin_object().key("name").string(matcher.name).key("value").string(matcher.value);
  json.key("isRegex").boolean(is_regex(matcher.kind)).key("isEqual").boolean(is_equal(matcher.kind)).end_object();
}

std::string matcher_text(const JsonValue& matcher) {
  const bool is_pattern = member(matcher, "isRegex") == "true";
  const bool is_wanted = member(matcher, "isEqual") != "false";
  const MatcherKind kind = is_pattern ? (is_wanted ? MatcherKind::regex : MatcherKind::not_regex)
                                      : (is_wanted ? MatcherKind::equal : MatcherKind::not_equal);
  return text(LabelMatcher{kind, member(matcher, "name"), member(matcher, "value")});
}

std::string matchers_text(const JsonValue& silence) {
  std::string out;
  for (const JsonValue& matcher : items_of(silence, "matchers")) out += (out.empty() ? "" : " ") + matcher_text(matcher);
  return out;
}

// All silences that the controller keeps.
std::optional<JsonValue> silences_of(Terminal& terminal, World& world, const ServerArguments& server, ExitCode& code) {
  Online online(world, server);
  return online.ask_or_complain(terminal, {"GET", "/api/v2/silences"}, code);
}

bool is_expired(const JsonValue& silence) { return member(silence, "status", "state") == "expired"; }

Result<std::string> read_input(const std::string& path) {
  const bool is_standard_input = path == "-";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      is_standard_input ? stdin : std::fopen(path.c_str(), "rb"),
      is_standard_input ? [](std::FILE*) { return 0; } : &std::fclose);
  if (!file) return Error{ErrorKind::not_found, "read", path, "there is no such file, or it cannot be read"};
  std::string bytes;
  for (std::size_t read = 1; read > 0 && bytes.size() <= import_bytes_max;) {
    char part[4096];
    read = std::fread(static_cast<void*>(part), 1, sizeof part, file.get());
    bytes.append(static_cast<const char*>(part), read);
  }
  if (bytes.size() > import_bytes_max) return Error{ErrorKind::invalid, "read", path, "expected at most 16 MiB"};
  return bytes;
}

// The silence without the members that the controller gives it.
std::string as_new(const JsonValue& silence) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("matchers").begin_array();
  for (const JsonValue& matcher : items_of(silence, "matchers")) {
    const bool is_wanted = member(matcher, "isEqual") != "false";
    json.begin_object().key("name").string(member(matcher, "name")).key("value").string(member(matcher, "value"));
    json.key("isRegex").boolean(member(matcher, "isRegex") == "true").key("isEqual").boolean(is_wanted).end_object();
  }
  json.end_array();
  for (const char* name : {"startsAt", "endsAt", "createdBy", "comment"}) json.key(name).string(member(silence, name));
  json.end_object();
  return body;
}

}  // namespace

ExitCode silence_add(Terminal& terminal, World& world, const ServerArguments& server, const SilenceArguments& silence) {
  if (silence.reason.empty()) return terminal.refuse(Refused{Refusal::note_required, "a silence needs a reason"});
  const Result<Duration> length = parse_duration(silence.length);
  if (!length || length->ms <= 0)
    return terminal.refuse(Refused{Refusal::bad_argument, "--for " + silence.length + ": expected a duration such as 2h"});
  std::vector<LabelMatcher> matchers;
  for (const std::string& each : silence.matchers) {
    const Result<LabelMatcher> matcher = parse_matcher(each);
    if (!matcher) return terminal.refuse(Refused{Refusal::bad_argument, each + ": " + matcher.error().detail});
    matchers.push_back(*matcher);
  }
  const Instant now = world.clock.now().wall;
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("matchers").begin_array();
  for (const LabelMatcher& matcher : matchers) write_matcher(json, matcher);
  json.end_array().key("startsAt").string(format_rfc3339(now)).key("endsAt").string(format_rfc3339(now + *length));
  json.key("createdBy").string(silence.author.empty() ? user_name() : silence.author).key("comment").string(silence.reason);
  json.end_object();
  Online online(world, server);
  ExitCode code = ExitCode::done;
  const std::optional<JsonValue> answer = online.ask_or_complain(terminal, {"POST", "/api/v2/silences", body}, code);
  if (!answer) return code;
  if (terminal.format() == Format::json) print_json(terminal, *answer);
  else terminal.print(member(*answer, "silenceID"));
  return code;
}

ExitCode silence_list(Terminal& terminal, World& world, const ServerArguments& server, const SilenceArguments& silence) {
  ExitCode code = ExitCode::done;
  const std::optional<JsonValue> all = silences_of(terminal, world, server, code);
  if (!all) return code;
  if (terminal.format() == Format::json) {
    print_json(terminal, *all);
    return code;
  }
  std::vector<std::vector<std::string>> rows;
  for (const JsonValue& each : list_of(&*all))
    if (silence.with_expired || !is_expired(each))
      rows.push_back({member(each, "status", "state"), member(each, "id").substr(0, id_digits_shown), matchers_text(each),
                      member(each, "endsAt"), member(each, "createdBy"), member(each, "comment")});
  if (rows.empty()) terminal.print("nothing is silenced");
  else terminal.table({"STATE", "ID", "MATCHERS", "ENDS AT", "AUTHOR", "REASON"}, rows);
  return code;
}

ExitCode silence_expire(Terminal& terminal, World& world, const ServerArguments& server, const SilenceArguments& silence) {
  ExitCode code = ExitCode::done;
  const std::optional<JsonValue> all = silences_of(terminal, world, server, code);
  if (!all) return code;
  std::vector<std::string> ids;
  for (const JsonValue& each : list_of(&*all))
    if (const std::string id = member(each, "id"); id == silence.id || (!is_expired(each) && id.starts_with(silence.id)))
      ids.push_back(id);
  if (ids.empty()) return terminal.refuse(Refused{Refusal::unknown_silence, "there is no silence " + silence.id});
  if (ids.size() > 1)
    return terminal.refuse(Refused{Refusal::unknown_silence, silence.id + " begins " + std::to_string(ids.size()) + " ids"});
  Online online(world, server);
  if (!online.ask_or_complain(terminal, {"DELETE", "/api/v2/silence/" + escaped(ids.front())}, code)) return code;
  if (terminal.format() == Format::table) terminal.print(ids.front() + " mutes nothing any more");
  return code;
}

ExitCode silence_import(Terminal& terminal, World& world, const ServerArguments& server, const SilenceArguments& silence) {
  const Result<std::string> text = read_input(silence.file);
  if (!text) return terminal.refuse(Refused{Refusal::bad_argument, text.error().text()});
  const Result<JsonValue> list = parse_json(*text);
  if (!list || list->as_array() == nullptr)
    return terminal.refuse(Refused{Refusal::bad_argument, silence.file + ": expected a JSON list of silences" +
                                                              (list ? std::string() : ": " + list.error().detail)});
  Online online(world, server);
  std::size_t number = 0, added = 0;
  for (const JsonValue& each : *list->as_array()) {
    ++number;
    if (is_expired(each)) continue;
    ExitCode code = ExitCode::done;
    const std::optional<JsonValue> answer = online.ask_or_complain(terminal, {"POST", "/api/v2/silences", as_new(each)}, code);
    if (!answer) {
      terminal.complain("silence " + std::to_string(number) + " of " + silence.file + " was not taken; " + std::to_string(added) +
                        " before it were");
      return code;
    }
    ++added;
    if (terminal.format() == Format::table) terminal.print(member(*answer, "silenceID"));
  }
  if (terminal.format() == Format::table)
    terminal.print(std::to_string(added) + " of " + std::to_string(number) + " silences added");
  return ExitCode::done;
}

}  // namespace watchbill::cli
