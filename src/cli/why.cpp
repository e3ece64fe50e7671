#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "cli/record_text.h"
#include "cli/verbs.h"
#include "model/record.h"

namespace watchbill::cli {
namespace {

// What the user asked about: a record "4107" or "#4107", an event "4107.2", or the name of an object.
struct Question {
  std::string object;
  Sequence sequence{0};
};

Question question_of(std::string_view id) {
  Question question;
  std::string_view digits = id.substr(!id.empty() && id.front() == '#' ? 1 : 0);
  digits = digits.substr(0, digits.find('.'));
  const char* const end = digits.data() + digits.size();
  const auto [after, failure] = std::from_chars(digits.data(), end, question.sequence);
  if (failure != std::errc{} || after != end || digits.empty()) return Question{std::string(id), 0};
  return question;
}

// One record with what is shown of it.
struct Told {
  std::string heading;
  std::vector<EventLine> events;
};

void print_events(Terminal& terminal, const std::vector<EventLine>& events, std::optional<std::uint32_t> parent,
                  const std::string& indent) {
  std::vector<const EventLine*> children;
  for (const EventLine& line : events)
    if (line.after == parent) children.push_back(&line);
  for (const EventLine* line : children) {
    const bool is_last = line == children.back();
    terminal.print(indent + (is_last ? "└ " : "├ ") + line->type + (line->fields.empty() ? "" : "  ") + line->fields);
    // A chain of events is bounded by the record: at most limits.record_events_max deep, in practice a handful.
    print_events(terminal, events, line->reference.index, indent + (is_last ? "  " : "│ "));
  }
}

void print_told(Terminal& terminal, const Told& told) {
  terminal.print(told.heading);
  print_events(terminal, told.events, std::nullopt, "");
}

class Story {
 public:
  explicit Story(Question question) : question_(std::move(question)) {}

  // Takes one record into the story if it belongs there: it is the one asked for, speaks of the object, or follows from one that
  // does.
  Result<bool> take(const StoredRecord& record) {
    Result<std::vector<EventLine>> lines = event_lines(record);
    if (!lines) return lines.error();
    if (!record.payload) return false;
    Result<RecordBody, DecodeFailure> body = decode_payload(*record.payload);
    if (!body) return Error{ErrorKind::corrupt, "read record", std::to_string(record.sequence), body.error().what};
    const bool is_asked = question_.sequence == record.sequence && question_.object.empty();
    const bool speaks_of_it =
        !question_.object.empty() &&
        std::any_of(lines->begin(), lines->end(), [this](const EventLine& line) { return line.subject == question_.object; });
    const bool follows = body->cause.because && told_.contains(body->cause.because->sequence);
    if (!is_asked && !speaks_of_it && !follows) return false;
    Told told;
    told.heading = "#" + std::to_string(record.sequence) + "  " + format_rfc3339(decode_header(record.header)->time) + "  " +
                   cause_line(body->cause);
    if (body->cause.because)
      told.heading +=
          "  because of #" + std::to_string(body->cause.because->sequence) + "." + std::to_string(body->cause.because->index);
    told.events = std::move(*lines);
    told_.emplace(record.sequence, std::move(told));
    return true;
  }

  [[nodiscard]] const std::map<Sequence, Told>& told() const noexcept { return told_; }

 private:
  Question question_;
  std::map<Sequence, Told> told_;
};

}  // namespace

ExitCode why(Terminal& terminal, World& world, const WhyArguments& arguments) {
  auto journal = world.read_journal(arguments.data);
  if (!journal) return terminal.fail(journal.error());
  Story story(question_of(arguments.id));
  std::optional<Error> failure;
  const Status walked = (*journal)->read(1, ~Sequence{0}, [&](const StoredRecord& record) {
    const Result<bool> taken = story.take(record);
    if (!taken) failure = taken.error();
    return taken.has_value();
  });
  if (failure) return terminal.fail(*failure);
  if (!walked) return terminal.fail(walked.error());
  if (story.told().empty()) {
    terminal.complain("nothing in the journal is about " + arguments.id);
    return ExitCode::usage;
  }
  for (const auto& [sequence, told] : story.told()) print_told(terminal, told);
  return ExitCode::done;
}

}  // namespace watchbill::cli
