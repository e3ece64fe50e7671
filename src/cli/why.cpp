#include <algorithm>

#include "cli/event_text.h"
#include "cli/verbs.h"
#include "engine/story.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/print.h"
#include "model/codec.h"
#include "model/configuration.h"

namespace watchbill::cli {
namespace {

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

}  // namespace

ExitCode why(Terminal& terminal, World& world, const WhyArguments& arguments) {
  auto journal = world.read_journal(arguments.data);
  if (!journal) return terminal.fail(journal.error());
  auto blobs = world.read_journal(arguments.data);  // asked while the other one walks
  if (!blobs) return terminal.fail(blobs.error());
  engine::Story story(arguments.id);
  Teller teller(terminal, **blobs, arguments);
  std::optional<Error> failure;
  const Status walked = (*journal)->read(1, ~Sequence{0}, [&](const StoredRecord& record) {
    if (const std::optional<Digest> accepted = accepted_in(record)) teller.hold(*accepted);
    const Result<std::optional<engine::Chapter>> chapter = story.take(record);
    if (!chapter) failure = chapter.error();
    else if (*chapter) teller.tell(**chapter);
    return chapter.has_value();
  });
  if (failure) return terminal.fail(*failure);
  if (!walked) return terminal.fail(walked.error());
  if (teller.told_count() > 0) return ExitCode::done;
  terminal.complain("nothing in the journal is about " + arguments.id);
  return ExitCode::usage;
}

}  // namespace watchbill::cli
