#include "config/workloads.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/core.h>

#include "base/unit_name.h"
#include "config/secrets.h"
#include "config/texts.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

constexpr std::int64_t unbounded = std::numeric_limits<std::int64_t>::max();

// --- restart

template <std::int64_t min, std::int64_t max>
void read_factor(const Cursor& at, std::int64_t& out) {
  if (const std::optional<std::int64_t> value = read_millionths(at, {min, max}, max == 1'000'000)) out = *value;
}

using Restart = RestartConfiguration;
constexpr auto backoff = table<Restart>(
    "workloads.NAME.restart.backoff",
    optional<&Restart::initial>("initial", "duration", "1s", "before the first restart; 0s: at once, later ones from 100ms"),
    optional<&Restart::factor_millionths, read_factor<1'000'000, unbounded>>("factor", "number", "2",
                                                                             "of each further delay; at least 1"),
    optional<&Restart::max>("max", "duration", "60s", "of a delay; at least initial"),
    optional<&Restart::jitter_millionths, read_factor<0, 1'000'000>>("jitter", "share", "0.1", "of the delay, up or down"),
    optional<&Restart::reset_after>("reset_after", "duration", "60s", "so long stable, and delays begin anew"));

void read_backoff(const Cursor& at, Restart& out) {
  if (!read_object(at, backoff, out)) return;
  if (out.max < out.initial)
    at.complain("out_of_range",
                fmt::format("max {} is less than initial {}", format_duration(out.max), format_duration(out.initial)));
}

void read_restart_limit(const Cursor& at, Restart& out) {
  if (at.node().kind == NodeKind::scalar && at.node().text == "none") {
    out.is_unlimited = true;
    return;
  }
  const std::optional<Rate> rate = read_rate(at, {0, 64});
  if (!rate) return;
  out.limit = static_cast<std::uint32_t>(rate->count);
  out.window = rate->window;
}

constexpr auto restart =
    table<Restart>("workloads.NAME.restart",
                   optional<&Restart::policy>("policy", "always, on_failure or never", "on_failure", "when it is started again"),
                   whole<Restart, read_backoff>("backoff", "settings", "", "delays before restarts"),
                   whole<Restart, read_restart_limit>("limit", "N per DURATION, or none", "5 per 10m",
                                                      "restarts in a sliding window, N at most 64; then it has failed"));

void read_restart(const Cursor& at, Restart& out) { read_object(at, restart, out); }

// --- hang, stop, log, reload, limits

void read_heartbeat(const Cursor& at, Heartbeat& out) {
  const std::string& text = at.node().text;
  if (text == "metric" || text == "http")
    return at.complain("not_yet_supported",
                       fmt::format("this release does not have the heartbeat {}; it has notify, output and file", text));
  read(at, out);
}

using Hang = HangConfiguration;
constexpr auto hang = table<Hang>(
    "workloads.NAME.hang",
    optional<&Hang::heartbeat, read_heartbeat>("heartbeat", "notify, output or file", "notify", "what counts as a sign of life"),
    optional<&Hang::file, read_expanded_path>("file", "path", "", "of heartbeat file: a change of its time or size is a beat"),
    required(optional<&Hang::timeout, read_positive>("timeout", "duration", "", "silence that is a hang")),
    optional<&Hang::start_grace>("start_grace", "duration", "0s", "until the first beat the greater of the two counts"),
    optional<&Hang::action>("action", "restart, stop or alert", "restart", "what follows a hang"));

void read_hang(const Cursor& at, std::optional<Hang>& out) {
  if (!read_object(at, hang, out.emplace())) return;
  if ((out->heartbeat == Heartbeat::file) != !out->file.empty())
    at.complain("missing_key", "the key file and heartbeat: file belong together");
}

void read_signal_number(const Cursor& at, std::uint32_t& out) {
  if (const std::optional<std::uint32_t> value = read_signal(at)) out = *value;
}

using Stop = StopConfiguration;
constexpr auto stop =
    table<Stop>("workloads.NAME.stop",
                optional<&Stop::signal, read_signal_number>("signal", "name of a signal", "TERM", "sent to the whole group"),
                optional<&Stop::grace>("grace", "duration", "10s", "then KILL follows; of a unit 80s"),
                optional<&Stop::kill_grace>("kill_grace", "duration", "5s", "then it is unkillable"));

void read_stop(const Cursor& at, Stop& out) { read_object(at, stop, out); }

template <std::int64_t min>
void read_size(const Cursor& at, std::uint64_t& out) {
  if (const std::optional<std::int64_t> value = read_bytes(at, {min, std::int64_t{1} << 40}))
    out = static_cast<std::uint64_t>(*value);
}

// "1MiB/s"
void read_byte_rate(const Cursor& at, std::uint64_t& out) {
  constexpr std::string_view what = "a rate such as 1MiB/s";
  const Node& node = at.node();
  if (node.kind != NodeKind::scalar || !node.text.ends_with("/s")) return at.expected(what);
  const std::optional<std::int64_t> value = parse_bytes(std::string_view(node.text).substr(0, node.text.size() - 2));
  if (!value) return at.expected(what);
  if (*value < 1024) return at.complain("out_of_range", "expected at least 1KiB/s");
  out = static_cast<std::uint64_t>(*value);
}

void read_on_excess(const Cursor& at, LogConfiguration&) {
  constexpr std::array<std::string_view, 1> words{"discard"};
  (void)read_word(at, words);
}

using Log = LogConfiguration;
constexpr auto log_keys = table<Log>(
    "workloads.NAME.log", optional<&Log::max_bytes, read_size<4096>>("max_bytes", "size", "16MiB", "of one file"),
    optional<&Log::keep, read_between<0, 1000, std::uint32_t>>("keep", "number", "4", "old files"),
    optional<&Log::rate_bytes, read_byte_rate>("rate", "size/s", "1MiB/s", "what comes faster is discarded and counted"),
    whole<Log, read_on_excess>("on_excess", "discard", "discard", "what becomes of it"));

void read_log(const Cursor& at, Log& out) { read_object(at, log_keys, out); }

using W = WorkloadConfiguration;
constexpr auto reload =
    table<W>("workloads.NAME.reload",
             optional<&W::on_change>("on_change", "keep, restart or signal", "keep",
                                     "when command, user, environment or directory changed"),
             optional<&W::reload_signal, read_signal_number>("signal", "name of a signal", "HUP", "of on_change: signal"));

void read_reload(const Cursor& at, W& out) { read_object(at, reload, out); }

constexpr auto limits =
    table<W>("workloads.NAME.limits",
             optional<&W::open_files, read_between<1, 1 << 20, std::uint64_t>>(
                 "open_files", "number", "", "open descriptors of a process; as the keeper has"),
             later<W>("memory", "it needs a delegated cgroup"), later<W>("cpu", "it needs a delegated cgroup"),
             later<W>("processes", "it needs a delegated cgroup"));

void read_limits(const Cursor& at, W& out) { read_object(at, limits, out); }

// --- the workload

void read_enabled(const Cursor& at, bool& is_disabled) {
  bool is_enabled = !is_disabled;
  read(at, is_enabled);
  is_disabled = !is_enabled;
}

template <std::vector<std::string> Stop::*member>
void read_hook(const Cursor& at, Stop& out) {
  read_command(at, out.*member);
}
void read_pre_stop_timeout(const Cursor& at, Stop& out) { read_positive(at, out.pre_stop_timeout); }

void read_environment(const Cursor& at, std::map<std::string, std::string>& out) {
  if (!is_object(at, "texts")) return;
  const std::vector<NodeIndex>& children = at.node().children;
  for (std::size_t i = 0; i < children.size(); i += 2) {
    const std::string& name = at.at(children[i]).text;
    if (name.empty() || name.find('=') != std::string::npos)
      at.complain_at_key(children[i], "out_of_range", "the name of a variable is not empty and holds no =");
    const Cursor value = at.member(name, children[i + 1]);
    std::string& text = out[name];
    if (value.node().kind == NodeKind::scalar && value.node().text.empty() && !is_null(value.node())) continue;
    read_expanded(value, text);
  }
}

void read_exit_codes(const Cursor& at, std::vector<std::int32_t>& out) {
  read_some(at, out);
  if (out.size() > 32) at.complain("out_of_range", "expected at most 32 exit codes");
  if (std::any_of(out.begin(), out.end(), [](std::int32_t code) { return code > 255; }))
    at.complain("out_of_range", "an exit code is at most 255");
}

// Three or four octal digits, as the shell's umask takes them.
void read_umask(const Cursor& at, std::uint32_t& out) {
  const std::string& text = at.node().text;
  std::uint32_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  const bool is_number = at.node().kind == NodeKind::scalar && failure == std::errc{} && end == text.data() + text.size();
  if (!is_number) return at.expected("an octal number such as 0022");
  if (value > 0777) return at.complain("out_of_range", "expected an octal number up to 0777");
  out = value;
}

void read_user(const Cursor& at, std::string& out) {
  read_filled(at, out);
  const std::size_t colon = out.find(':');
  const bool is_complete = colon == std::string::npos || (colon > 0 && colon + 1 < out.size());
  if (!is_complete || std::count(out.begin(), out.end(), ':') > 1 || out.find(' ') != std::string::npos)
    at.complain("out_of_range", "expected NAME or NAME:GROUP");
}

void read_no_new_privileges(const Cursor& at, bool& may_gain_privileges) {
  bool is_forbidden = !may_gain_privileges;
  read(at, is_forbidden);
  may_gain_privileges = !is_forbidden;
}

void read_unit(const Cursor& at, std::string& out) {
  read_filled(at, out);
  if (out.empty()) return;
  if (out.find('.') == std::string::npos) out += ".service";
  if (!is_service_name(out)) at.complain("out_of_range", "expected a systemd service such as nginx.service");
}

// What the unit's own file says is not said here again.
void check_unit(const Cursor& at, W& out) {
  struct Key {
    std::string_view name, instead;
  };
  constexpr std::array<Key, 12> keys{{{"environment", "Environment="},
                                      {"environment_file", "EnvironmentFile="},
                                      {"instances", "a workload for each unit"},
                                      {"leader_exit", "KillMode="},
                                      {"limits", "LimitNOFILE= and the like"},
                                      {"no_new_privileges", "NoNewPrivileges="},
                                      {"post_stop", "ExecStopPost="},
                                      {"pre_stop", "ExecStop="},
                                      {"success_exit_codes", "SuccessExitStatus="},
                                      {"umask", "UMask="},
                                      {"user", "User="},
                                      {"working_directory", "WorkingDirectory="}}};
  const std::vector<NodeIndex>& children = at.node().children;
  for (std::size_t i = 0; i < children.size(); i += 2)
    for (const Key& key : keys)
      if (at.at(children[i]).text == key.name)
        at.complain_at_key(children[i], "not_of_a_unit",
                           fmt::format("{} belongs to the unit's own file ({})", key.name, key.instead));
  if (out.stop.signal != StopConfiguration{}.signal)
    at.complain("not_of_a_unit", "stop.signal belongs to the unit's own file (KillSignal=)");
  if (out.hang && out.hang->heartbeat == Heartbeat::notify)
    at.complain("not_of_a_unit", "the heartbeat notify of a unit is systemd's (WatchdogSec=); use output or file");
  if (out.on_change == OnChange::signal)
    at.complain("not_of_a_unit", "reload.on_change: signal is for commands; restart starts the unit anew");
}

// A unit ends in its own way, within its own TimeoutStopSec=; the rest of a shutdown (90 s) is left for what it stands on.
constexpr Duration unit_grace = Duration::seconds(80);

void read_max_runtime(const Cursor& at, std::optional<Duration>& out) { read_positive(at, out.emplace()); }
void read_components(const Cursor& at, std::vector<std::string>& out) { read_each<std::string, read_filled>(at, out); }

constexpr auto workload = table<W>(
    "workloads.NAME",
    optional<&W::command, read_command>("command", "list of text", "", "program and arguments; exactly one of command and unit"),
    optional<&W::unit, read_unit>("unit", "text", "",
                                  "an existing systemd service instead of a command; without a suffix a .service"),
    optional<&W::kind>("kind", "text", "", "a free label, shown in the registry"),
    optional<&W::components, read_components>("components", "list of text", "", "shown as supervised_components"),
    optional<&W::is_disabled, read_enabled>("enabled", "truth", "true", "false: listed, not started; needs skip_reason"),
    optional<&W::skip_reason, read_filled>("skip_reason", "text", "", "why it is not enabled"),
    optional<&W::requirements>("requires", "map: started, ready or completed", "",
                               "what must hold of others before it is started"),
    optional<&W::after, read_components>("after", "list of workloads", "", "order without requiring"),
    optional<&W::wants, read_components>("wants", "list of workloads", "", "started too, failure tolerated"),
    optional<&W::restart, read_restart>("restart", "settings", "", "when it is started again"),
    optional<&W::started, read_workload_probe>("started", "probe", "", "until it passes, live and ready are not asked"),
    optional<&W::live, read_workload_probe>("live", "probe", "", "down: it is restarted"),
    optional<&W::ready, read_workload_probe>("ready", "probe", "", "down: it is not ready"),
    optional<&W::hang, read_hang>("hang", "settings", "", "missed heartbeats"),
    optional<&W::stop, read_stop>("stop", "settings", "", "how it is stopped"),
    optional<&W::stop, read_hook<&Stop::pre_stop>>("pre_stop", "list of text", "", "a command before the signal"),
    optional<&W::stop, read_pre_stop_timeout>("pre_stop_timeout", "duration", "5s", "of pre_stop"),
    optional<&W::stop, read_hook<&Stop::post_stop>>("post_stop", "list of text", "", "a command once the group is empty"),
    optional<&W::max_runtime, read_max_runtime>("max_runtime", "duration", "", "longer runs are ended"),
    optional<&W::success_exit_codes, read_exit_codes>("success_exit_codes", "list of numbers", "[0]",
                                                      "codes that are no failure"),
    optional<&W::leader_exit>("leader_exit", "stop_group or wait_group", "stop_group",
                              "what becomes of the rest when the leader ends"),
    optional<&W::on_lost>("on_lost", "hold or restart", "hold", "when neither process nor exit record is found"),
    optional<&W::on_dependency_restart>("on_dependency_restart", "ignore or restart", "ignore",
                                        "when a required workload restarted"),
    optional<&W::group, read_filled>("group", "text", "", "started, stopped and reported as one"),
    optional<&W::environment, read_environment>("environment", "map of text", "", "besides PATH, HOME and LANG"),
    optional<&W::environment_file, read_expanded_path>("environment_file", "path", "", "lines KEY=value; they win"),
    optional<&W::directory, read_expanded_path>("working_directory", "path", "", "the bill's folder"),
    optional<&W::user, read_user>("user", "NAME or NAME:GROUP", "", "needed when the keeper runs as root"),
    optional<&W::umask, read_umask>("umask", "octal number", "0022", ""),
    whole<W, read_limits>("limits", "settings", "", "of its processes"),
    optional<&W::log, read_log>("log", "settings", "", "its output"),
    whole<W, read_reload>("reload", "settings", "", "what a changed bill does to it"),
    optional<&W::instances, read_between<1, workload_instances_max, std::uint32_t>>(
        "instances", "number", "1", "so many alike, NAME@1 to NAME@N; at most 1000"),
    optional<&W::may_gain_privileges, read_no_new_privileges>("no_new_privileges", "truth", "true", ""),
    later<W>("fallback", "it needs caches"));

void read_workload(const Cursor& at, W& out) {
  const bool is_unit = at.has("unit");
  out.directory = is_unit || at.file().folder.empty() ? "/" : at.file().folder;
  if (is_unit) {
    out.stop.grace = unit_grace;
    // A unit has started when systemd has it active.
    out.started.emplace().kind = ProbeKind::notify;
  }
  if (!read_object(at, workload, out)) return;
  if (at.has("command") == at.has("unit")) at.complain("missing_key", "expected exactly one of the keys command and unit");
  if (is_unit) check_unit(at, out);
  if (out.is_disabled && !at.has("skip_reason")) at.complain("missing_key", "enabled: false needs a skip_reason");
}

void read_namespace(const Cursor& at, std::string& out) {
  read_filled(at, out);
  if (!is_name(out, workload_name_bytes_max)) at.complain("out_of_range", "a namespace has letters, digits and . _ - only");
}

constexpr auto supervisor = table<SupervisorConfiguration>(
    "supervisor",
    optional<&SupervisorConfiguration::name_space, read_namespace>("namespace", "text", "default",
                                                                   "part of every workload's identity"),
    optional<&SupervisorConfiguration::shutdown_deadline, read_positive>("shutdown_deadline", "duration", "90s",
                                                                         "of a whole stop, all layers together"),
    optional<&SupervisorConfiguration::exec_user, read_user>(
        "exec_user", "NAME or NAME:GROUP", "", "who runs exec actions and probes; needed when the keeper runs as root"));

}  // namespace

void read_workloads(const Cursor& at, std::map<std::string, WorkloadConfiguration>& out) {
  check_names(at, workload_name_bytes_max);
  read_named<W, read_workload>(at, out);
}

void read_supervisor(const Cursor& at, SupervisorConfiguration& out) { read_object(at, supervisor, out); }

std::vector<TableView> workload_tables() {
  return {supervisor.view(), workload.view(), restart.view(), backoff.view(), hang.view(),
          stop.view(),       limits.view(),   log_keys.view(), reload.view()};
}

}  // namespace watchbill::config
