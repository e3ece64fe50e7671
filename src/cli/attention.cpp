#include "cli/attention.h"

#include <array>

#include "base/time.h"
#include "cli/json_text.h"

namespace watchbill::cli {
namespace {

constexpr std::size_t heading_width = 12;

void print_heading(Terminal& terminal, std::string heading, const std::string& text) {
  heading.resize(std::max(heading.size() + 1, heading_width), ' ');
  terminal.print(heading + text);
}

// "12s", "3m", "2h", "5d": the largest unit of the time from `then` to the answer; empty when either is unknown.
std::string age_of(const JsonValue& status, const std::string& then) {
  const Result<Instant> now = parse_rfc3339(member(status, "at")), at = parse_rfc3339(then);
  if (!now || !at) return {};
  const std::int64_t seconds = std::max<std::int64_t>(0, (*now - *at).ms / 1000);
  constexpr std::array<std::pair<std::int64_t, char>, 3> units{{{86'400, 'd'}, {3'600, 'h'}, {60, 'm'}}};
  for (const auto& [length, unit] : units)
    if (seconds >= length) return std::to_string(seconds / length) + unit;
  return std::to_string(seconds) + "s";
}

std::string behind(std::string_view before, const std::string& text) { return text.empty() ? "" : std::string(before) + text; }

std::int64_t count_of(const JsonValue* list) {
  const JsonValue* count = list == nullptr ? nullptr : list->find("count");
  return count == nullptr || count->as_integer() == nullptr ? 0 : *count->as_integer();
}

// A heading with the number of items, then what `print_item` makes of each; nothing when there are none.
template <class PrintItem>
void print_list(Terminal& terminal, const std::string& heading, const JsonValue* list, PrintItem print_item) {
  const std::int64_t count = count_of(list);
  if (count == 0) return;
  const JsonValue::Array& items = items_of(*list, "items");
  const bool is_cut = static_cast<std::size_t>(count) > items.size();
  print_heading(terminal, heading, std::to_string(count) + (is_cut ? ", shown " + std::to_string(items.size()) : ""));
  for (const JsonValue& item : items) print_item(item);
}

// What a run, plan or refusal is about: its alert where that is in state, else the name of its binding.
std::string about(const JsonValue& item) {
  const std::string labels = member(item, "alert_labels"), binding = member(item, "binding");
  if (labels.empty()) return behind(" for ", binding);
  return " for " + labels + " (" + member(item, "alert_state") + ")";
}

std::string run_text(const JsonValue& run) {
  return "  " + member(run, "id") + "  " + member(run, "runbook") + "  " + member(run, "state") +
         (run.find("held_for") == nullptr ? "" : " (" + member(run, "held_for") + ")") +
         behind(", step ", member(run, "step")) + behind(", for ", member(run, "binding")) +
         behind(", rolls back ", member(run, "parent"));
}

void print_runs(Terminal& terminal, const JsonValue& status) {
  const JsonValue* runs = status.find("runs");
  if (runs == nullptr) return;
  const auto print_open = [&](const JsonValue& run) {
    terminal.print(run_text(run) + behind(", since ", age_of(status, member(run, "since"))));
    print_next(terminal, run, "    ");
  };
  print_list(terminal, "waiting", runs->find("waiting"), print_open);
  print_list(terminal, "under way", runs->find("under_way"), print_open);
  print_list(terminal, "ended", runs->find("ended"), [&](const JsonValue& run) {
    const std::string age = age_of(status, member(run, "ended_at"));
    terminal.print(run_text(run) + behind(": ", member(run, "reason")) + (age.empty() ? "" : ", " + age + " ago"));
  });
}

void print_holds(Terminal& terminal, const JsonValue& status) {
  print_list(terminal, "holds", status.find("holds"), [&](const JsonValue& hold) {
    terminal.print("  " + member(hold, "scope") + "  by " + member(hold, "by") + " since " + member(hold, "since") + ": " +
                   member(hold, "reason"));
  });
}

void print_suggestions(Terminal& terminal, const JsonValue& status) {
  print_list(terminal, "suggested", status.find("suggestions"), [&](const JsonValue& each) {
    terminal.print("  " + member(each, "runbook") + about(each) + behind(", since ", age_of(status, member(each, "at"))) +
                   behind(", lowered by ", member(each, "lowered_by")) +
                   (member(each, "is_current") == "false" ? ", the bill has changed since" : ""));
    print_next(terminal, each, "    ");
  });
}

void print_refusals(Terminal& terminal, const JsonValue& status) {
  print_list(terminal, "refused", status.find("refusals"), [&](const JsonValue& each) {
    const std::string count = member(each, "count"), age = age_of(status, member(each, "at"));
    terminal.print("  " + member(each, "binding") + "  " + member(each, "reason") + ": " + member(each, "message"));
    terminal.print("   " + about(each) + (count == "1" ? "" : ", " + count + " times") +
                   (age.empty() ? "" : ", " + age + " ago"));
    print_next(terminal, each, "    ");
  });
}

void print_dead_letters(Terminal& terminal, const JsonValue& status) {
  print_list(terminal, "undelivered", status.find("dead_letters"), [&](const JsonValue& each) {
    const std::string age = age_of(status, member(each, "at"));
    terminal.print("  " + member(each, "id") + "  " + member(each, "receiver") + "  " + member(each, "subject") + ": " +
                   member(each, "reason") + ", given up after " + member(each, "attempts") + " attempts" +
                   (age.empty() ? "" : ", " + age + " ago"));
  });
}

bool is_some(const JsonValue& status, std::string_view object, std::string_view name) {
  const std::string text = member(status, object, name);
  return !text.empty() && text != "0";
}

}  // namespace

void print_attention(Terminal& terminal, const JsonValue& status) {
  print_holds(terminal, status);
  print_runs(terminal, status);
  print_suggestions(terminal, status);
  print_refusals(terminal, status);
  print_dead_letters(terminal, status);
}

bool has_warning(const JsonValue& status) {
  const JsonValue* runs = status.find("runs");
  return (runs != nullptr && count_of(runs->find("waiting")) > 0) || count_of(status.find("suggestions")) > 0 ||
         count_of(status.find("dead_letters")) > 0 || is_some(status, "alerts", "firing") ||
         is_some(status, "targets", "down") || is_some(status, "rules", "failing") || is_some(status, "workloads", "fail") ||
         is_some(status, "workloads", "warn") || status.find("rejected") != nullptr ||
         member(status, "write_mode") != "normal" || !items_of(status, "warnings").empty();
}

void print_next(Terminal& terminal, const JsonValue& item, std::string_view indent) {
  for (const JsonValue& way : items_of(item, "next"))
    terminal.print(std::string(indent) + member(way, "to") + ": " + member(way, "command"));
}

}  // namespace watchbill::cli
