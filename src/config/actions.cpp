#include "config/actions.h"

#include <array>

#include <fmt/core.h>

#include "base/spelling.h"
#include "config/expressions.h"
#include "config/secrets.h"
#include "config/texts.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

struct ActionKeys {
  ConfiguredCheck check;
  std::uint32_t kind_count{0};
  [[nodiscard]] PlanValues& args() { return check.action.args; }
};
using K = ActionKeys;

// --- arguments: each goes under its own key's name

bool is_template(std::string_view text) { return text.find("{{") != std::string_view::npos; }

PlanValue value_of(std::string text) {
  if (names_a_secret(text)) return SecretName{std::move(text)};
  return PlanValue(std::move(text));
}

void read_text_argument(const Cursor& at, K& out) {
  std::string text;
  read(at, text);
  out.args()[std::string(at.name())] = std::move(text);
}

void read_filled_argument(const Cursor& at, K& out) {
  std::string text;
  read_filled(at, text);
  out.args()[std::string(at.name())] = std::move(text);
}

void read_map_argument(const Cursor& at, K& out) {
  std::map<std::string, std::string> texts;
  read(at, texts);
  PlanValue::Map map;
  for (auto& [name, text] : texts) map[name] = value_of(std::move(text));
  out.args()[std::string(at.name())] = std::move(map);
}

template <const auto& words>
void read_word_argument(const Cursor& at, K& out) {
  if (at.node().kind == NodeKind::scalar && is_template(at.node().text)) return read_text_argument(at, out);
  if (const std::optional<std::size_t> index = read_word(at, words))
    out.args()[std::string(at.name())] = std::string(words[*index]);
}

constexpr std::array<std::string_view, 6> methods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
constexpr std::array<std::string_view, 3> service_states{"started", "stopped", "restarted"};
constexpr std::array<std::string_view, 1> file_states{"absent"};

void read_status(const Cursor& at, K& out) {
  if (at.node().kind != NodeKind::sequence) {
    if (const std::optional<std::int64_t> code = read_integer(at, {100, 599})) out.args()["status"] = *code;
    return;
  }
  PlanValue::List list;
  for (std::size_t i = 0; i < at.node().children.size(); ++i)
    if (const std::optional<std::int64_t> code = read_integer(at.element(i), {100, 599})) list.emplace_back(*code);
  if (list.empty()) at.complain("out_of_range", "expected at least one status");
  out.args()["status"] = std::move(list);
}

void read_retries(const Cursor& at, K& out) { read_between<1, 1000>(at, out.check.retries.emplace()); }
void read_delay(const Cursor& at, K& out) { read_positive(at, out.check.delay.emplace()); }

// --- kinds

void begin(K& out, ActionKind kind) {
  ++out.kind_count;
  out.check.action.kind = kind;
}

void read_argv(const Cursor& at, K& out) {
  begin(out, ActionKind::exec);
  if (!is_list(at, "texts: a program and its arguments")) return;
  if (at.node().children.empty()) return at.complain("out_of_range", "expected a program and its arguments");
  PlanValue::List argv;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    std::string text;
    read(at.element(i), text);
    if (i == 0 && text.empty()) at.complain("out_of_range", "the program has no name");
    if (names_a_secret(text))
      at.element(i).complain("out_of_range", "a secret is never an argument: everybody on the host can read it; use env");
    argv.emplace_back(std::move(text));
  }
  out.args()["argv"] = std::move(argv);
}

void read_shell(const Cursor& at, K& out) {
  begin(out, ActionKind::exec);
  read_filled_argument(at, out);
}

void read_query(const Cursor& at, K& out) {
  begin(out, ActionKind::query);
  std::string text;
  read_condition(at, text);
  out.args()["query"] = std::move(text);
}

void read_tcp(const Cursor& at, K& out) {
  begin(out, ActionKind::tcp);
  std::string text;
  read_filled(at, text);
  if (!text.empty() && !is_template(text) && !is_address(text))
    at.complain("out_of_range", fmt::format("expected an address such as 127.0.0.1:8080, found \"{}\"", text));
  out.args()["address"] = std::move(text);
}

void read_http_url(const Cursor& at, K& out) {
  std::string text;
  read_filled(at, text);
  if (!text.empty() && !is_template(text) && !is_url(text))
    at.complain("out_of_range", fmt::format("expected a URL such as https://HOST/PATH, found \"{}\"", text));
  out.args()["url"] = std::move(text);
}

constexpr auto http = table<K>("steps[].*.http", required(whole<K, read_http_url>("url", "URL", "", "what is asked")),
                               whole<K, read_word_argument<methods>>("method", "GET, HEAD, POST, PUT, PATCH or DELETE", "GET",
                                                                     "only GET and HEAD outside do and undo"),
                               whole<K, read_map_argument>("headers", "map of text", "", "env:NAME for secrets"),
                               whole<K, read_text_argument>("data", "text", "", "the body that is sent"),
                               whole<K, read_status>("status", "number or list", "", "what counts as success; 200 to 299"),
                               whole<K, read_text_argument>("body", "text", "", "contained in the answer"),
                               whole<K, read_map_argument>("json", "map of text", "", "these fields of the answer are equal"),
                               whole<K, read_retries>("retries", "number", "", "in verify: asked at most so often, true once"),
                               whole<K, read_delay>("delay", "duration", "", "between two of them"));

void read_http(const Cursor& at, K& out) {
  begin(out, ActionKind::http);
  if (at.node().kind == NodeKind::scalar) return read_http_url(at, out);
  read_object(at, http, out);
}

constexpr auto workload = table<K>(
    "steps[].do.workload", whole<K, read_filled_argument>("start", "name of a workload", "", "until an incarnation is up"),
    whole<K, read_filled_argument>("stop", "name of a workload", "", "until its group is empty"),
    whole<K, read_filled_argument>("restart", "name of a workload", "", "until a higher incarnation is up"));

void read_workload_action(const Cursor& at, K& out) {
  begin(out, ActionKind::workload);
  if (read_object(at, workload, out) && out.args().size() != 1)
    at.complain("missing_key", "expected exactly one of the keys start, stop and restart");
}

constexpr auto service =
    table<K>("steps[].do.service",
             required(whole<K, read_filled_argument>("name", "text", "", "a systemd unit; without a suffix a .service")),
             required(whole<K, read_word_argument<service_states>>("state", "started, stopped or restarted", "", "")));

void read_service(const Cursor& at, K& out) {
  begin(out, ActionKind::service);
  read_object(at, service, out);
}

constexpr auto file =
    table<K>("steps[].do.file", required(whole<K, read_filled_argument>("path", "path", "", "what is written, atomically")),
             whole<K, read_text_argument>("content", "text", "", "exactly one of content, src and state"),
             whole<K, read_filled_argument>("src", "path", "", "a file with the content"),
             whole<K, read_text_argument>("mode", "octal number", "", "such as \"0644\""),
             whole<K, read_filled_argument>("owner", "NAME or NAME:GROUP", "", ""),
             whole<K, read_word_argument<file_states>>("state", "absent", "", "no such path"));

void read_file_action(const Cursor& at, K& out) {
  begin(out, ActionKind::file);
  if (!read_object(at, file, out)) return;
  const std::size_t ways = out.args().count("content") + out.args().count("src") + out.args().count("state");
  if (ways != 1) at.complain("missing_key", "expected exactly one of the keys content, src and state");
}

constexpr auto symlink =
    table<K>("steps[].do.symlink", required(whole<K, read_filled_argument>("path", "path", "", "of the link")),
             required(whole<K, read_filled_argument>("to", "text", "", "what it says")));

void read_symlink(const Cursor& at, K& out) {
  begin(out, ActionKind::symlink);
  read_object(at, symlink, out);
}

void read_ask(const Cursor& at, K& out) { read(at, out.check.action.ask); }
void read_idempotent(const Cursor& at, K& out) { read(at, out.check.action.idempotent); }

constexpr auto query_key = whole<K, read_query>("query", "condition", "", "asked of the metrics");
constexpr auto http_key = whole<K, read_http>("http", "URL or settings", "", "a request");
constexpr auto tcp_key = whole<K, read_tcp>("tcp", "HOST:PORT", "", "succeeds once connected");
constexpr auto exec_key = whole<K, read_argv>("exec", "list of text", "", "program and arguments");
constexpr auto shell_key = whole<K, read_shell>("shell", "text", "", "instead of exec: given to /bin/sh; may read no parameter");
constexpr auto dir_key = whole<K, read_filled_argument>("dir", "path", "", "of exec and shell; the bill's folder");
constexpr auto env_key = whole<K, read_map_argument>("env", "map of text", "", "of exec and shell; env:NAME for secrets");
constexpr auto query_logs_key = later<K>("query_logs", "log templates");
constexpr auto tree_digest_key = later<K>("tree_digest", "digests of trees");

constexpr auto observation = table<K>("steps[].{read,probe}", query_key, http_key, tcp_key, exec_key, shell_key, dir_key, env_key,
                                      query_logs_key, tree_digest_key, later<K>("since", "log templates"));
constexpr auto change =
    table<K>("steps[].{do,undo}", exec_key, shell_key, dir_key, env_key, http_key,
             whole<K, read_workload_action>("workload", "settings", "", "start, stop or restart one"),
             whole<K, read_service>("service", "settings", "", "of systemd"),
             whole<K, read_file_action>("file", "settings", "", "write or remove; undo puts the original back"),
             whole<K, read_symlink>("symlink", "settings", "", "make or change; undo puts the former back"),
             whole<K, read_ask>("ask", "truth", "false", "an unknown outcome is asked of a person at once"),
             whole<K, read_idempotent>("idempotent", "truth", "false", "of exec and http: twice is as good as once"),
             later<K>("unarchive", ""), later<K>("runner", ""), later<K>("queue", ""), later<K>("gate", ""),
             later<K>("backlog", ""), later<K>("ansible", ""));

template <std::optional<Duration> ConfiguredCheck::*member>
void read_time(const Cursor& at, K& out) {
  read(at, (out.check.*member).emplace());
}
void read_interval(const Cursor& at, K& out) {
  Duration& interval = out.check.interval.emplace();
  read(at, interval);
  if (interval < Duration::milliseconds(250) || interval > Duration::seconds(60))
    at.complain("out_of_range", "expected an interval from 250ms to 60s");
}

constexpr auto for_key =
    whole<K, read_time<&ConfiguredCheck::for_>>("for", "duration", "0s", "so long true without a break; less than within");
constexpr auto interval_key = whole<K, read_interval>("interval", "duration", "1s", "between two questions; 250ms to 60s");
constexpr auto check =
    table<K>("steps[].{verify,verify_undo}", query_key, http_key, tcp_key, exec_key, shell_key, dir_key, env_key, for_key,
             whole<K, read_time<&ConfiguredCheck::within>>("within", "duration", "60s", "counted from the outcome"), interval_key,
             query_logs_key, tree_digest_key);
constexpr auto wait =
    table<K>("steps[].wait_for", required(query_key), for_key,
             whole<K, read_time<&ConfiguredCheck::within>>("within", "duration", "10m", "then it has failed"), interval_key);

void check_exec_keys(const Cursor& at, K& out) {
  if (out.check.action.kind == ActionKind::exec) return;
  for (const std::string_view name : {"dir", "env"})
    if (at.has(name))
      at.complain("out_of_range", fmt::format("{} belongs to exec and shell", name));
  if (out.check.action.idempotent && out.check.action.kind != ActionKind::http)
    at.complain("out_of_range", "idempotent belongs to exec, shell and http");
}

// True when exactly one kind was named; complains otherwise.
template <class Keys>
bool read_action(const Cursor& at, const Keys& keys, K& out) {
  if (!read_object(at, keys, out)) return false;
  if (out.kind_count == 1) {
    check_exec_keys(at, out);
    return true;
  }
  // A misspelt kind was complained about already.
  if (out.kind_count > 1 || at.node().children.empty()) at.complain("missing_key", "expected exactly one action");
  return false;
}

// Outside do and undo a request is harmless.
void check_harmless(const Cursor& at, K& out) {
  const std::string_view method = text_of(out.args(), "method");
  if (!method.empty() && method != "GET" && method != "HEAD")
    at.complain("out_of_range", fmt::format("a request with {} changes something: it belongs to do", method));
}

void check_no_retries(const Cursor& at, const K& out) {
  if (out.check.retries || out.check.delay) at.complain("out_of_range", "retries and delay of http belong to verify");
}

void check_cadence(const Cursor& at, const ConfiguredCheck& out, Duration within) {
  const Duration limit = out.within.value_or(within);
  if (out.for_ && *out.for_ >= limit)
    at.complain("out_of_range",
                fmt::format("for {} is not less than within {}", format_duration(*out.for_), format_duration(limit)));
}

void read_change(const Cursor& at, ConfiguredAction& out) {
  K keys;
  if (!read_action(at, change, keys)) return;
  check_no_retries(at, keys);
  out = std::move(keys.check.action);
}

}  // namespace

void read_observation(const Cursor& at, std::vector<ConfiguredAction>& out) {
  K keys;
  if (!read_action(at, observation, keys)) return;
  check_harmless(at, keys);
  check_no_retries(at, keys);
  out.assign(1, std::move(keys.check.action));
}

void read_changes(const Cursor& at, std::vector<ConfiguredAction>& out) {
  constexpr std::size_t count_max = 8;
  if (at.node().kind != NodeKind::sequence) return read_change(at, out.emplace_back());
  read_each<ConfiguredAction, read_change>(at, out);
  if (out.empty() || out.size() > count_max)
    at.complain("out_of_range", fmt::format("expected 1 to {} actions, found {}", count_max, out.size()));
}

void read_check(const Cursor& at, std::optional<ConfiguredCheck>& out) {
  K keys;
  if (!read_action(at, check, keys)) return;
  check_harmless(at, keys);
  check_cadence(at, keys.check, Duration::seconds(60));
  if (keys.check.retries && (keys.check.for_ || keys.check.within || keys.check.interval))
    at.complain("out_of_range", "retries and delay stand instead of for, within and interval");
  out = std::move(keys.check);
}

void read_wait(const Cursor& at, std::optional<ConfiguredCheck>& out) {
  K keys;
  if (!read_object(at, wait, keys)) return;
  check_cadence(at, keys.check, Duration::minutes(10));
  out = std::move(keys.check);
}

std::vector<TableView> action_tables() {
  return {observation.view(), change.view(), check.view(), wait.view(), http.view(),
          workload.view(),    service.view(), file.view(), symlink.view()};
}

}  // namespace watchbill::config
