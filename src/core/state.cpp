#include "core/state.h"

#include "core/plan/plan.h"
#include "core/route/membership.h"
#include "core/workload/apply.h"
#include "model/codec.h"

namespace watchbill::core {

Digest digest_of(State& state) {
  std::string text = canonical_text(state.progress);
  JsonWriter writer(text);
  writer.begin_array();
  for (const Command& command : state.pending_reactions) encode_cause(writer, command);
  writer.end_array();
  each_table(state, [&](std::string_view name, auto& table) { writer.string(name).string(table.digest().hex()); });
  return sha256(text);
}

void write_snapshot(const State& state, std::string& out) {
  out.append(canonical_text(state.progress)).push_back('\n');
  JsonWriter pending(out);
  pending.begin_array();
  for (const Command& command : state.pending_reactions) encode_cause(pending, command);
  pending.end_array();
  out.push_back('\n');
  std::string entry;
  each_table(state, [&](std::string_view name, const auto& table) {
    table.each([&](const auto& key, const auto& value) {
      entry.clear();
      table.append_entry(entry, key, value);
      JsonWriter line(out);
      line.begin_array().string(name).raw(entry).end_array();
      out.push_back('\n');
      return true;
    });
  });
}

namespace {

// Takes the first line, without its newline, off the front of `text`; false when there is none.
bool take_line(std::string_view& text, std::string_view& line) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return false;
  line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

bool read_pending(std::string_view line, std::vector<Command>& pending) {
  CanonicalReader in(line);
  if (!in.begin_array()) return false;
  while (in.next_element()) {
    Result<Command, DecodeFailure> command = decode_cause(in);
    if (!command) return false;
    pending.push_back(std::move(*command));
  }
  return in.finished();
}

bool read_entry(std::string_view line, State& state) {
  CanonicalReader in(line);
  std::string name;
  std::string_view entry;
  if (!in.begin_array() || !in.next_element() || !in.string(name) || !in.next_element() || !in.raw(entry) || in.next_element() ||
      !in.finished())
    return false;
  bool read = false;
  each_table(state, [&](std::string_view table_name, auto& table) {
    if (table_name == name) read = table.insert_text(entry);
  });
  return read;
}

}  // namespace

Result<State> read_snapshot(std::string_view text, const Limits& limits) {
  State state;
  std::size_t number = 0;
  std::string_view line;
  for (; take_line(text, line); ++number) {
    const bool read = number == 0   ? from_canonical_text(line, state.progress)
                      : number == 1 ? read_pending(line, state.pending_reactions)
                                    : read_entry(line, state);
    if (!read)
      return Error{ErrorKind::corrupt, "read snapshot line", std::to_string(number + 1), "it is not what a snapshot holds"};
  }
  if (number < 2 || !text.empty()) return Error{ErrorKind::corrupt, "read snapshot", "", "it ends early"};
  rebuild_derived(state, limits);
  return state;
}

void rebuild_derived(State& state, const Limits& limits) {
  state.schedule = Schedule{};
  access::rebuild(state.access, state.schedule, limits);
  alert::rebuild(state.alert, state.schedule, limits);
  binding::rebuild(state.binding);
  plan::rebuild(state.plan, state.schedule, limits);
  route::rebuild_tree(state.route);
  route::rebuild_mutes(state.route);
  route::rebuild(state.route, state.schedule, limits);
  workload::rebuild(state.workload, state.schedule);
}

}  // namespace watchbill::core
