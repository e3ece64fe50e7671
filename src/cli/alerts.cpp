// `alerts`: what is pending or fires, and one alert with all that it rests on and that followed from it.
#include <algorithm>

#include "cli/attention.h"
#include "cli/json_text.h"
#include "cli/online.h"
#include "metrics/promql/series_selector.h"

namespace watchbill::cli {
namespace {

namespace promql = metrics::promql;
namespace tsdb = metrics::tsdb;

constexpr std::size_t id_digits_shown = 12;  // enough to name one of a hundred thousand

// --- list ---

// severity=page as amtool takes it: with quotes around a value that has none.
std::string with_quotes(const std::string& filter) {
  const std::size_t equals = filter.find_first_of("=~");
  if (equals == std::string::npos) return filter;
  const std::size_t value = equals + (filter.compare(equals, 2, "=~") == 0 ? 2 : 1);
  constexpr std::string_view quotes = "\"'`";
  if (value < filter.size() && quotes.find(filter[value]) != std::string_view::npos) return filter;
  std::string out = filter.substr(0, value);
  append_json_string(out, filter.substr(value));
  return out;
}

Result<std::vector<tsdb::Matcher>, Refused> matchers_of(const std::vector<std::string>& filters) {
  std::vector<tsdb::Matcher> matchers;
  for (const std::string& filter : filters) {
    auto parsed = promql::parse_series_selector("{" + with_quotes(filter) + "}");
    if (!parsed || parsed->empty())
      return Refused{Refusal::bad_argument, "--filter " + filter + ": expected a matcher such as severity=page or team=~\"a|b\""};
    matchers.insert(matchers.end(), parsed->begin(), parsed->end());
  }
  return matchers;
}

// Firing ones first, then by name.
void print_alerts(Terminal& terminal, const std::vector<JsonValue>& alerts, std::string_view otherwise) {
  std::vector<std::vector<std::string>> rows;
  for (const JsonValue& alert : alerts) {
    Labels labels = labels_of(alert.find("labels"));
    labels.remove("alertname");
    const bool is_muted = alert.find("muted_by") != nullptr;
    rows.push_back({member(alert, "state") + (is_muted ? ", muted" : ""), member(alert, "name"), member(alert, "active_at"),
                    member(alert, "value"), member(alert, "id").substr(0, id_digits_shown), labels.text()});
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::pair(!a[0].starts_with("firing"), a[1]) < std::pair(!b[0].starts_with("firing"), b[1]);
  });
  if (rows.empty()) terminal.print(otherwise);
  else terminal.table({"STATE", "ALERT", "ACTIVE SINCE", "VALUE", "ID", "LABELS"}, rows);
}

// --- show ---

void print_line(Terminal& terminal, std::string_view name, const std::string& text) {
  if (text.empty()) return;
  std::string line(name);
  line.resize(std::max<std::size_t>(line.size() + 1, 13), ' ');
  terminal.print(line + text);
}

void print_rule(Terminal& terminal, const JsonValue& alert) {
  const JsonValue* rule = alert.find("rule");
  if (rule == nullptr && member(alert, "source") == "outside") {
    print_line(terminal, "rule", "none: it was posted to /api/v2/alerts");
    return print_line(terminal, "", member(alert, "generator_url"));
  }
  if (rule == nullptr) return print_line(terminal, "rule", "none: a condition of the controller's own");
  const std::string expression = member(*rule, "expression");
  print_line(terminal, "rule", expression.empty() ? "the running bill has it no more" : expression);
  if (!member(*rule, "for").empty()) print_line(terminal, "", "for " + member(*rule, "for") + ", in " + member(*rule, "group"));
  if (const std::string slots = member(*rule, "k_of_n"); !slots.empty())
    print_line(terminal, "", "fires when its condition held at " + slots + " slots");
  if (const std::string query = member(*rule, "recover"); !query.empty()) print_line(terminal, "", "goes on until " + query);
  print_line(terminal, "fails", member(*rule, "failure"));
}

void print_samples(Terminal& terminal, const JsonValue& alert) {
  for (const JsonValue& series : list_of(alert.find("samples"))) {
    print_line(terminal, "sample", labels_of(series.find("labels")).text());
    for (const JsonValue& value : list_of(series.find("values")))
      print_line(terminal, "", member(value, "value") + " @" + member(value, "at"));
  }
}

// "2026-03-01T12:00:30.000Z  ops/webhook[0] told that it fires: sent (9262…)"
std::string followed_text(const JsonValue& each) {
  const std::string kind = member(each, "kind"), what = member(each, "what"), detail = member(each, "detail");
  std::string out = member(each, "at") + "  ";
  const std::string outcome = member(each, "outcome");
  if (kind == "run") out += what + ", " + detail + (outcome.empty() ? "" : ": " + outcome);
  else if (kind == "suggested") out += "suggested, not started: plan " + detail;
  else if (kind == "refused") out += "no run: " + what + ", " + detail;
  else if (kind == "told_firing") out += detail + " told that it fires: " + outcome + " (" + what + ")";
  else if (kind == "told_end") out += detail + " told of its end: " + outcome + " (" + what + ")";
  else out += "nobody told: " + what + (detail.empty() ? "" : ", " + detail);
  return out;
}

void print_alert(Terminal& terminal, const JsonValue& alert) {
  terminal.print(member(alert, "name") + " is " + member(alert, "state"));
  print_line(terminal, "id", member(alert, "id"));
  print_line(terminal, "labels", labels_of(alert.find("labels")).text());
  print_line(terminal, "active at", member(alert, "active_at"));
  print_line(terminal, "fired at", member(alert, "fired_at"));
  print_line(terminal, "resolved at", member(alert, "resolved_at") +
                                          (member(alert, "cause").empty() ? "" : ", " + member(alert, "cause")));
  print_line(terminal, "kept since", member(alert, "kept_since"));
  for (const JsonValue& slot : list_of(alert.find("held_at"))) print_line(terminal, "held at", text_of(&slot));
  print_line(terminal, "value", member(alert, "value"));
  const JsonValue* annotations = alert.find("annotations");
  if (annotations != nullptr && annotations->as_object() != nullptr)
    for (const auto& [name, text] : *annotations->as_object()) print_line(terminal, name, text_of(&text));
  for (const JsonValue& muting : list_of(alert.find("muted_by")))
    print_line(terminal, "muted by", member(muting, "by") + " " + member(muting, "id"));
  print_rule(terminal, alert);
  print_samples(terminal, alert);
  for (const JsonValue& channel : list_of(alert.find("channels"))) {
    std::string line = member(channel, "channel") + " knows: " + member(channel, "told");
    if (member(channel, "failing") == "true") line += ", its last message was not accepted";
    if (!member(channel, "next_at").empty()) line += ", next message at " + member(channel, "next_at");
    print_line(terminal, "channel", line);
  }
  for (const JsonValue& each : list_of(alert.find("followed"))) {
    print_line(terminal, "followed", followed_text(each));
    print_next(terminal, each, "              ");
  }
  print_line(terminal, "more", "watchbill why " + member(alert, "id"));
}

}  // namespace

ExitCode alerts_list(Terminal& terminal, World& world, const ServerArguments& server, const std::vector<std::string>& filters) {
  const auto matchers = matchers_of(filters);
  if (!matchers) return terminal.refuse(matchers.error());
  Online online(world, server);
  ExitCode code = ExitCode::done;
  std::vector<JsonValue> found;
  std::string cursor;
  do {
    const std::string from = cursor.empty() ? "" : "&cursor=" + escaped(cursor);
    std::optional<JsonValue> page = online.ask_or_complain(terminal, {"GET", "/alerts?limit=1000" + from}, code);
    if (!page) return code;
    for (const JsonValue& alert : list_of(page->find("items"))) {
      const Labels labels = labels_of(alert.find("labels"));
      const bool is_wanted = std::all_of(matchers->begin(), matchers->end(), [&labels](const tsdb::Matcher& matcher) {
        return matcher.matches(labels.get(matcher.name()));
      });
      if (is_wanted && member(alert, "state") != "resolved") found.push_back(alert);
    }
    const JsonValue* next = page->find("next");
    cursor = next != nullptr && next->as_string() != nullptr ? *next->as_string() : "";
  } while (!cursor.empty());
  const std::string_view otherwise =
      filters.empty() ? "no alert is pending or firing" : "no alert that meets the filter is pending or firing, others may be";
  if (terminal.format() != Format::json) print_alerts(terminal, found, otherwise);
  else
    for (const JsonValue& alert : found) print_json(terminal, alert);
  return code;
}

ExitCode alerts_show(Terminal& terminal, World& world, const ServerArguments& server, const std::string& alert) {
  Online online(world, server);
  ExitCode code = ExitCode::done;
  const std::optional<JsonValue> shown = online.ask_or_complain(terminal, {"GET", "/alerts/" + escaped(alert)}, code);
  if (!shown) return code;
  if (terminal.format() == Format::json) print_json(terminal, *shown);
  else print_alert(terminal, *shown);
  return code;
}

}  // namespace watchbill::cli
