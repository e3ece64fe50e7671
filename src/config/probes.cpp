#include <fmt/core.h>

#include "config/expressions.h"
#include "config/texts.h"
#include "config/values.h"
#include "config/workloads.h"

namespace watchbill::config {
namespace {

struct ProbeKeys {
  ProbeConfiguration probe;
  std::uint32_t question_count{0};
};

template <ProbeKind kind, void (*reader)(const Cursor&, std::string&)>
void read_question(const Cursor& at, ProbeKeys& out) {
  ++out.question_count;
  out.probe.kind = kind;
  reader(at, out.probe.target);
}

void read_question_to_metrics(const Cursor& at, std::string& out) {
  read_condition(at, out);
  if (const std::size_t action = out.find("{{"); action != std::string::npos)
    at.complain_in(action, "bad_template", "the query of a probe is no template");
}

void read_exec(const Cursor& at, ProbeKeys& out) {
  ++out.question_count;
  out.probe.kind = ProbeKind::exec;
  read_command(at, out.probe.command);
}

void read_notify(const Cursor& at, ProbeKeys& out) {
  ++out.question_count;
  out.probe.kind = ProbeKind::notify;
  bool is_asked = true;
  read(at, is_asked);
  if (!is_asked) at.complain("out_of_range", "expected true; without notify leave the key out");
}

template <auto member, auto reader>
void in_probe(const Cursor& at, ProbeKeys& out) {
  reader(at, out.probe.*member);
}

void read_count(const Cursor& at, std::uint32_t& out) { read_between<1, 1'000'000>(at, out); }
void read_stale_after(const Cursor& at, std::optional<Duration>& out) { read_positive(at, out.emplace()); }
void read_probe_labels(const Cursor& at, std::map<std::string, std::string>& out) {
  Labels labels;
  read(at, labels);
  for (const auto& [name, value] : labels) out[name] = value;
}

using P = ProbeConfiguration;
constexpr auto http = whole<ProbeKeys, read_question<ProbeKind::http, read_url>>(
    "http", "URL", "", "passes with status 200 to 299; redirects are not followed");
constexpr auto tcp =
    whole<ProbeKeys, read_question<ProbeKind::tcp, read_address>>("tcp", "HOST:PORT", "", "passes once connected");
constexpr auto unix_socket = whole<ProbeKeys, read_question<ProbeKind::unix_socket, read_expanded_path>>(
    "unix", "path", "", "passes once connected to this socket");
constexpr auto exec = whole<ProbeKeys, read_exec>("exec", "list of text", "", "passes with exit 0; 75 is an error of the prober");
constexpr auto every = whole<ProbeKeys, in_probe<&P::every, read_positive>>("every", "duration", "10s", "start to start");
constexpr auto timeout =
    whole<ProbeKeys, in_probe<&P::timeout, read_positive>>("timeout", "duration", "2s", "no answer in this time is a fail");
constexpr auto rise = whole<ProbeKeys, in_probe<&P::rise, read_count>>("rise", "number", "2", "passes in a row that make it up");
constexpr auto fall = whole<ProbeKeys, in_probe<&P::fall, read_count>>("fall", "number", "3", "fails in a row that make it down");
constexpr auto stale_after = whole<ProbeKeys, in_probe<&P::stale_after, read_stale_after>>(
    "stale_after", "duration", "", "so long without an answer, and health is unknown; three times every");

constexpr auto workload_probe = table<ProbeKeys>(
    "workloads.NAME.{started,live,ready}", http, tcp, unix_socket, exec,
    whole<ProbeKeys, read_question<ProbeKind::query, read_question_to_metrics>>("query", "condition", "", "asked of the metrics"),
    whole<ProbeKeys, read_notify>("notify", "true", "", "of started and ready: passes once READY=1 came on the notify socket"),
    every, timeout, rise, fall, stale_after);

constexpr auto probe = table<ProbeKeys>(
    "probes.NAME", http, tcp, unix_socket, exec, every, timeout, rise, fall, stale_after,
    whole<ProbeKeys, in_probe<&P::labels, read_probe_labels>>("labels", "map of text", "", "added to its samples"));

template <class Keys>
void read_with(const Cursor& at, const Keys& keys, std::string_view questions, ProbeConfiguration& out) {
  ProbeKeys read_keys;
  if (!read_object(at, keys, read_keys)) return;
  if (read_keys.question_count != 1) at.complain("missing_key", fmt::format("expected exactly one of the keys {}", questions));
  out = std::move(read_keys.probe);
}

void read_watched(const Cursor& at, ProbeConfiguration& out) { read_with(at, probe, "http, tcp, unix and exec", out); }

}  // namespace

void read_workload_probe(const Cursor& at, std::optional<ProbeConfiguration>& out) {
  read_with(at, workload_probe, "http, tcp, unix, exec, query and notify", out.emplace());
  if (out->kind == ProbeKind::notify && at.name() == "live")
    at.complain("out_of_range", "notify tells a start and readiness only: write it under started or ready");
}

void read_probes(const Cursor& at, std::map<std::string, ProbeConfiguration>& out) {
  check_names(at, workload_name_bytes_max);
  read_named<ProbeConfiguration, read_watched>(at, out);
}

std::vector<TableView> probe_tables() { return {workload_probe.view(), probe.view()}; }

}  // namespace watchbill::config
