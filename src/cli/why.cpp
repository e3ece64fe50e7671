#include <algorithm>

#include "base/spelling.h"
#include "cli/event_text.h"
#include "cli/verbs.h"
#include "engine/names.h"
#include "engine/story.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/print.h"
#include "model/codec.h"
#include "model/configuration.h"

namespace watchbill::cli {
namespace {

constexpr std::size_t meanings_shown = 20;  // of a name, the last ones
constexpr std::size_t samples_shown = 4;  // of one series, the last ones; --samples shows all that were recorded

// The text of a rule in a bill; its place and digest are what an answer names.
std::string expression_in(const Configuration& bill, const std::string& name, const std::string& group, const Digest& digest) {
  for (const RuleGroupConfiguration& each : bill.rule_groups) {
    if (each.file + ";" + each.name != group) continue;
    for (const RuleConfiguration& rule : each.rules) {
      if (rule.alert != name) continue;
      const auto parsed = metrics::promql::parse(rule.expression);
      if (parsed && metrics::promql::digest(*parsed) == digest) return rule.expression;
    }
  }
  return {};
}

// The lines of one story, as its records come.
class Teller {
 public:
  Teller(Terminal& terminal, ports::JournalPort& journal, const WhyArguments& arguments)
      : terminal_(terminal), journal_(journal) {
    sources_.asked = arguments.id;
    sources_.samples_max = arguments.samples ? seen_samples_max : samples_shown;
    sources_.blob = [this](const Digest& digest) -> std::optional<std::string> {
      const Result<std::optional<std::string>> bytes = journal_.blob(digest);
      return bytes ? *bytes : std::nullopt;
    };
    sources_.expression = [this](const std::string& name, const std::string& group, const Digest& digest) {
      return expression_in(bill(), name, group, digest);
    };
  }

  // The bill that holds from here on: what rules were is asked of it.
  void hold(const Digest& configuration) { configuration_ = configuration; }

  void tell(const engine::Chapter& chapter) {
    ++told_count_;
    if (terminal_.format() == Format::json) return tell_json(chapter);
    std::string heading = "#" + std::to_string(chapter.header.sequence) + "  " + format_rfc3339(chapter.header.time) + "  " +
                          cause_story(chapter.body, sources_);
    if (const auto& because = chapter.body.cause.because)
      heading += "  because of #" + std::to_string(because->sequence) + "." + std::to_string(because->index);
    terminal_.print(heading);
    chapter_ = &chapter;
    for (const std::size_t root : children_of(std::nullopt)) print_from(root, "  ");
    const auto left = std::count(chapter.shown.begin(), chapter.shown.end(), false);
    if (left > 0) terminal_.print("  and " + std::to_string(left) + " events about others: `watchbill why " +
                                  std::to_string(chapter.header.sequence) + "`");
  }
  [[nodiscard]] std::size_t told_count() const noexcept { return told_count_; }

 private:
  const Configuration& bill() {
    if (read_ == configuration_) return bill_;
    read_ = configuration_;
    bill_ = Configuration{};
    const std::optional<std::string> bytes = sources_.blob(configuration_);
    if (!bytes || !from_canonical_text(*bytes, bill_)) bill_ = Configuration{};
    return bill_;
  }

  void tell_json(const engine::Chapter& chapter) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("sequence").integer(static_cast<std::int64_t>(chapter.header.sequence));
    json.key("time").string(format_rfc3339(chapter.header.time)).key("cause");
    encode_cause(json, chapter.body.cause);
    json.key("events").begin_array();
    for (std::size_t i = 0; i < chapter.body.events.size(); ++i)
      if (chapter.shown[i]) json.raw(engine::event_json(chapter.header, chapter.body.events[i], i));
    json.end_array().end_object();
    terminal_.print(out);
  }

  // The shown events whose nearest shown cause is this one.
  [[nodiscard]] std::vector<std::size_t> children_of(std::optional<std::size_t> parent) const {
    std::vector<std::size_t> children;
    const std::vector<RecordedEvent>& events = chapter_->body.events;
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (!chapter_->shown[i]) continue;
      std::optional<std::size_t> cause = events[i].after;
      while (cause && !chapter_->shown[*cause]) cause = events[*cause].after;
      if (cause == parent) children.push_back(i);
    }
    return children;
  }

  // One thing after the other stands in one column; only where two follow from one the lines move to the right. Deep at most as
  // reactions branch, which limits.reaction_rounds_max bounds.
  void print_from(std::size_t event, const std::string& indent) {
    std::vector<std::size_t> next{event};
    while (next.size() == 1) {
      print_event(next.front(), indent);
      next = children_of(next.front());
    }
    for (const std::size_t child : next) print_from(child, indent + (child == next.back() ? "  " : "│ "));
  }

  void print_event(std::size_t event, const std::string& indent) {
    for (const std::string& line : event_story(chapter_->body.events[event].event, sources_)) terminal_.print(indent + line);
  }

  Terminal& terminal_;
  ports::JournalPort& journal_;
  TellingSources sources_;
  const engine::Chapter* chapter_{nullptr};
  Digest configuration_, read_;
  Configuration bill_;
  std::size_t told_count_{0};
};

// The configuration that a record takes, if it does; most are dismissed by their bytes.
std::optional<Digest> accepted_in(const StoredRecord& record) {
  if (!record.payload || record.payload->find("\"ConfigAccepted\"") == std::string::npos) return std::nullopt;
  const auto body = decode_events(*record.payload);
  if (!body) return std::nullopt;  // the story says so when it comes to it
  for (const RecordedEvent& each : body->events)
    if (const auto* accepted = std::get_if<ConfigAccepted>(&each.event)) return accepted->configuration;
  return std::nullopt;
}

// Tells the story; nothing when it was complained about, else how many records were told and the bill that holds at the end.
struct Told {
  std::size_t count{0};
  Digest configuration;
};
std::optional<Told> tell(Terminal& terminal, World& world, const WhyArguments& arguments, ExitCode& code) {
  const auto failed = [&](const Error& error) {
    code = terminal.fail(error);
    return std::nullopt;
  };
  auto journal = world.read_journal(arguments.data);
  if (!journal) return failed(journal.error());
  auto blobs = world.read_journal(arguments.data);  // asked while the other one walks
  if (!blobs) return failed(blobs.error());
  engine::Story story(arguments.id);
  Teller teller(terminal, **blobs, arguments);
  Told told;
  std::optional<Error> failure;
  const Status walked = (*journal)->read(1, ~Sequence{0}, [&](const StoredRecord& record) {
    if (const std::optional<Digest> accepted = accepted_in(record)) {
      told.configuration = *accepted;
      teller.hold(*accepted);
    }
    const Result<std::optional<engine::Chapter>> chapter = story.take(record);
    if (!chapter) failure = chapter.error();
    else if (*chapter) teller.tell(**chapter);
    return chapter.has_value();
  });
  if (failure || !walked) return failed(failure ? *failure : walked.error());
  told.count = teller.told_count();
  return told;
}

// --- names ---

Result<std::vector<engine::Meaning>> meanings_of(World& world, const WhyArguments& arguments) {
  auto journal = world.read_journal(arguments.data);
  if (!journal) return journal.error();
  auto blobs = world.read_journal(arguments.data);
  if (!blobs) return blobs.error();
  const BlobLookup blob = [&](const Digest& digest) -> std::optional<std::string> {
    const Result<std::optional<std::string>> bytes = (*blobs)->blob(digest);
    return bytes ? *bytes : std::nullopt;
  };
  engine::Names names(arguments.id);
  Status taken;
  const Status walked = (*journal)->read(1, ~Sequence{0}, [&](const StoredRecord& record) {
    taken = names.take(record, blob);
    return taken.has_value();
  });
  if (!taken) return taken.error();
  if (!walked) return walked.error();
  return names.meanings();
}

ExitCode list_meanings(Terminal& terminal, const std::string& name, const std::vector<engine::Meaning>& meanings) {
  if (terminal.format() == Format::json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("meanings").begin_array();
    for (const engine::Meaning& each : meanings)
      json.begin_object().key("at").string(format_rfc3339(each.at)).key("detail").string(each.detail).key("id").string(each.id)
          .key("what").string(each.what).end_object();
    json.end_array().end_object();
    terminal.print(out);
  } else {
    std::vector<std::vector<std::string>> rows;
    for (std::size_t i = meanings.size() - std::min(meanings.size(), meanings_shown); i < meanings.size(); ++i)
      rows.push_back({meanings[i].id, meanings[i].what, format_rfc3339(meanings[i].at), meanings[i].detail});
    terminal.table({"ID", "WHAT", "AT", "DETAIL"}, rows);
  }
  terminal.complain(name + " means " + std::to_string(meanings.size()) + " things, the last one stands last: `watchbill why ID`");
  return ExitCode::usage;
}

// What the bill has of that name, or of one like it.
std::string hint_from(World& world, const WhyArguments& arguments, const Digest& configuration) {
  auto journal = world.read_journal(arguments.data);
  if (!journal) return {};
  const Result<std::optional<std::string>> bytes = (*journal)->blob(configuration);
  Configuration bill;
  if (!bytes || !*bytes || !from_canonical_text(**bytes, bill)) return {};
  std::vector<std::string_view> names;
  for (const auto& [name, binding] : bill.runbooks.bindings) names.push_back(name);
  for (const auto& [name, runbook] : bill.runbooks.runbooks) names.push_back(name);
  for (const auto& [name, group] : bill.runbooks.workload_groups) names.push_back(name);
  if (std::find(names.begin(), names.end(), arguments.id) != names.end())
    return ": the bill has it, and nothing ever happened to it";
  const std::string_view nearest = nearest_spelling(arguments.id, names);
  return nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?";
}

}  // namespace

ExitCode why(Terminal& terminal, World& world, const WhyArguments& arguments) {
  ExitCode code = ExitCode::done;
  const std::optional<Told> told = tell(terminal, world, arguments, code);
  if (!told || told->count > 0) return code;
  const Result<std::vector<engine::Meaning>> meanings = meanings_of(world, arguments);
  if (!meanings) return terminal.fail(meanings.error());
  if (meanings->size() > 1) return list_meanings(terminal, arguments.id, *meanings);
  if (meanings->empty()) {
    terminal.complain("nothing in the journal is about " + arguments.id + hint_from(world, arguments, told->configuration));
    return ExitCode::usage;
  }
  WhyArguments meant = arguments;
  meant.id = meanings->front().id;
  static_cast<void>(tell(terminal, world, meant, code));
  return code;
}

}  // namespace watchbill::cli
