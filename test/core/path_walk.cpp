#include "core/path_walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "base/json.h"
#include "model/codec.h"
#include "places.h"

namespace watchbill::core {
namespace {

constexpr std::size_t label_width = 46;  // actor and label; longer ones push their answer to the right
constexpr Instant begin{1'772'366'400'000};

std::string refused_text(const Refused& refused) {
  return "refused " + std::string(word(refused.reason)) + ": " + refused.message;
}

// "HoldSet by=ana scope=all": members by their names, times as the distance from the walk's beginning.
std::string event_text(const Event& event) {
  std::string json;
  JsonWriter writer(json);
  encode_event(writer, RecordedEvent{event, std::nullopt});
  const auto parsed = parse_json(json);
  if (!parsed || parsed->as_object() == nullptr) return "unreadable: " + json;
  std::string out(type_of(event));
  for (const auto& [key, value] : *parsed->as_object()) {
    if (key == "type" || key == "version") continue;
    out.append(" ").append(key).append("=");
    if (const std::string* text = value.as_string()) {
      std::string shown = *text;
      // The parts of a counter's key are separated by zero bytes.
      std::replace(shown.begin(), shown.end(), '\0', '|');
      out.append(shown.find(' ') == std::string::npos ? shown : '"' + shown + '"');
    } else if (const std::int64_t* number = value.as_integer()) {
      out.append(key.ends_with("_at_ms") ? "+" + format_duration(Instant{*number} - begin) : std::to_string(*number));
    }
  }
  return out;
}

}  // namespace

void PathWalk::section(std::string_view title) {
  if (!text_.empty()) text_.push_back('\n');
  text_.append(title).push_back('\n');
}

void PathWalk::name(const std::string& text, std::string_view name) { names_[text] = name; }

std::vector<std::string> PathWalk::lines_of(const Actor& actor, const CommandBody& body) const {
  const Context context{now, state.progress.sequence + 1, 0, state.progress.lineage, actor, limits};
  const Decision decision = decide(state, body, context);
  std::vector<std::string> lines;
  if (!decision) return {refused_text(decision.error())};
  for (const Event& event : decision->events) lines.push_back(event_text(event));
  return lines;
}

void PathWalk::cell(const Actor& actor, std::string_view label, const CommandBody& body) {
  write(actor, label, lines_of(actor, body));
}

void PathWalk::cells(const Actor& actor, std::string_view label,
                     const std::vector<std::pair<std::string_view, CommandBody>>& bodies) {
  std::vector<std::vector<std::string>> answers;
  for (const auto& [end, body] : bodies) answers.push_back(lines_of(actor, body));
  const bool are_same = std::adjacent_find(answers.begin(), answers.end(), std::not_equal_to<>()) == answers.end();
  if (are_same) return write(actor, std::string(label) + ", whatever", answers.at(0));
  for (std::size_t i = 0; i < bodies.size(); ++i)
    write(actor, std::string(label) + " " + std::string(bodies[i].first), answers[i]);
}

Processed PathWalk::take(const Actor& actor, std::string_view label, const CommandBody& body, std::string_view request) {
  Processed done = prepare(actor, body, request);
  std::vector<std::string> lines;
  if (done.answer.is_replayed) lines.push_back("the answer of record " + std::to_string(done.answer.sequence) + " again");
  if (done.answer.refused) lines.push_back(refused_text(*done.answer.refused));
  for (const RecordedEvent& each : done.events) lines.push_back(event_text(each.event));
  write(actor, label, lines);
  return done;
}

Processed PathWalk::prepare(const Actor& actor, const CommandBody& body, std::string_view request) {
  Command command{body, actor, std::nullopt, std::nullopt, {}};
  if (!request.empty()) command.request = Request{sha256(canonical_body(body)), std::string(request)};
  Processed done = process(state, seen, command, {now, limits, {}, {}});
  if (done.events.empty()) return done;
  RecordHeader header;
  header.sequence = state.progress.sequence + 1;
  header.time = now;
  apply_end(state, RecordEnd{header, actor.name, command.request, done.events, done.pending}, limits);
  return done;
}

void PathWalk::meet_deadlines() {
  for (;;) {
    std::optional<Subject> due;
    state.schedule.deadlines.each_due(now, [&](Instant, const Subject& subject) {
      due = subject;
      return false;
    });
    if (!due) return;
    take(engine_actor(), "deadline", deadline_command(seen, *due, now));
  }
}

void PathWalk::write(const Actor& actor, std::string_view label, const std::vector<std::string>& lines) {
  const std::size_t from = text_.size();
  std::string head = "  " + actor.name + ": " + std::string(label);
  head.resize(std::max(head.size(), label_width), ' ');
  text_.append(head).append(" => ").append(lines.empty() ? "nothing" : lines.front()).push_back('\n');
  for (std::size_t i = 1; i < lines.size(); ++i) text_.append(label_width + 4, ' ').append(lines[i]).push_back('\n');
  for (const auto& [text, name] : names_)
    for (std::size_t at = text_.find(text, from); at != std::string::npos; at = text_.find(text, at + name.size()))
      text_.replace(at, text.size(), name);
}

Actor caller(std::string name, std::vector<std::string> roles) {
  return Actor{ActorKind::caller, std::move(name), std::move(roles)};
}

void expect_golden(const std::string& name, const std::string& actual) {
  std::ifstream in(in_test_data("core/" + name), std::ios::binary);
  std::ostringstream golden;
  golden << in.rdbuf();
  if (golden.str() == actual) return;
  const std::filesystem::path kept = std::filesystem::path(testing::TempDir()) / name;
  std::ofstream(kept, std::ios::binary) << actual;
  EXPECT_EQ(golden.str(), actual) << "the text as it is now: " << kept;
}

}  // namespace watchbill::core
