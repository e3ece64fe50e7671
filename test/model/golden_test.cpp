// The bytes of every event and command are fixed: test/data/model/*.golden has one full example of each.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "model/codec.h"
#include "model/command.h"
#include "model/event.h"
#include "places.h"

namespace watchbill {
namespace {

std::vector<std::string> lines_of(const std::string& name) {
  std::ifstream in(in_test_data("model/" + name), std::ios::binary);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::size_t key_count(const std::string& object) {
  const auto parsed = parse_json(object);
  return parsed && parsed->as_object() != nullptr ? parsed->as_object()->size() : 0;
}

std::string text_of(const RecordedEvent& event) {
  std::string out;
  JsonWriter writer(out);
  encode_event(writer, event);
  return out;
}

Result<RecordedEvent, DecodeFailure> event_of(std::string_view text) {
  CanonicalReader in(text);
  RecordedEvent event;
  if (std::optional<DecodeFailure> failure = decode_event(in, event)) return std::move(*failure);
  if (!in.finished()) return DecodeFailure{false, "something follows"};
  return event;
}

std::string cause_around(const std::string& body) {
  return R"({"actor":{"kind":"caller","name":"ana","roles":["operator"]},"command":)" + body + "}";
}

Result<Command, DecodeFailure> cause_of(const std::string& text) {
  CanonicalReader in(text);
  return decode_cause(in);
}

// Gives every member of a struct a value with meaning: the example that a missing golden may begin with.
[[maybe_unused]] void fill(std::string& value) { value = "x"; }
[[maybe_unused]] void fill(bool& value) { value = true; }
template <class T>
  requires std::is_integral_v<T>
void fill(T& value) {
  value = 1;
}
[[maybe_unused]] void fill(Instant& value) { value = Instant{1'772'366'400'000}; }
[[maybe_unused]] void fill(Duration& value) { value = Duration::seconds(90); }
[[maybe_unused]] void fill(Digest& value) { value = sha256(""); }
[[maybe_unused]] void fill(Labels& value) { value.set("job", "web"); }
[[maybe_unused]] void fill(PlanValue& value) { value = PlanValue("x"); }
template <class Tag>
void fill(Name<Tag>& value) {
  value.text = "00112233445566778899aabbccddeeff";
}
template <Worded E>
void fill(E& value) {
  value = static_cast<E>(Words<E>::table.size() - 1);
}
template <Described T>
void fill(T& value);
template <Kinded... Ts>
void fill(std::variant<Ts...>& value);
template <class T>
void fill(std::optional<T>& value) {
  fill(value.emplace());
}
template <class T>
void fill(std::vector<T>& value) {
  fill(value.emplace_back());
}
template <class V>
void fill(std::map<std::string, V>& value) {
  fill(value["x"]);
}
template <Described T>
void fill(T& value) {
  T::fields([&](const auto&... each) { (fill(value.*each.member), ...); });
}
template <Kinded... Ts>
void fill(std::variant<Ts...>& value) {
  std::visit([](auto& alternative) { fill(alternative); }, value);
}

template <class T>
T filled() {
  T out;
  fill(out);
  return out;
}

// "HoldSet 6": every alternative with the number of its members, type and version among them, and an example to begin with.
template <class Variant>
struct Alternatives;
template <class... Ts>
struct Alternatives<std::variant<Ts...>> {
  template <class Example>
  static std::map<std::string, std::string> examples(Example&& example) {
    return {{std::string(Ts::type) + " " + std::to_string(field_count<Ts> + 2), example(filled<Ts>())}...};
  }
};

TEST(golden, every_event_has_a_full_example_that_reads_and_writes_as_it_is) {
  auto missing = Alternatives<AnyEvent>::examples([](Event event) { return text_of({std::move(event), std::nullopt}); });
  for (const std::string& line : lines_of("events.golden")) {
    const auto event = event_of(line);
    ASSERT_TRUE(event) << line << ": " << event.error().what;
    EXPECT_EQ(text_of(*event), line);
    missing.erase(std::string(type_of(event->event)) + " " + std::to_string(key_count(line) - (event->after ? 1 : 0)));
  }
  for (const auto& [name, example] : missing)
    ADD_FAILURE() << "events.golden has no example with all members of " << name << "; it may begin with\n" << example;
}

TEST(golden, every_command_has_a_full_example_that_reads_and_writes_as_it_is) {
  auto missing = Alternatives<AnyCommandBody>::examples([](const CommandBody& body) { return canonical_body(body); });
  for (const std::string& line : lines_of("commands.golden")) {
    const auto command = cause_of(cause_around(line));
    ASSERT_TRUE(command) << line << ": " << command.error().what;
    EXPECT_EQ(canonical_body(command->body), line);
    missing.erase(std::string(type_of(command->body)) + " " + std::to_string(key_count(line)));
  }
  for (const auto& [name, example] : missing)
    ADD_FAILURE() << "commands.golden has no example with all members of " << name << "; it may begin with\n" << example;
}

TEST(golden, a_cause_keeps_who_asked_why_and_under_which_id) {
  const std::string text =
      R"({"actor":{"kind":"caller","name":"ana","roles":["operator","viewer"]},"because":"12.3",)"
      R"("command":{"reason":"done","scope":"all","type":"ReleaseHold","version":1},)"
      R"("request":{"body":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","id":"req-1"}})";
  const auto command = cause_of(text);
  ASSERT_TRUE(command);
  EXPECT_EQ(command->because, (EventReference{12, 3}));
  std::string again;
  JsonWriter writer(again);
  encode_cause(writer, *command);
  EXPECT_EQ(again, text);
}

TEST(golden, what_a_later_release_wrote_is_newer_and_what_nobody_wrote_is_not) {
  struct Case {
    std::string text;
    bool is_newer;
    std::string what;
  };
  const std::vector<Case> cases{
      {R"({"type":"FooHappened","version":1})", true, "event FooHappened version 1"},
      {R"({"by":"ana","reason":"x","scope":"all","type":"HoldSet","version":2})", true, "event HoldSet version 2"},
      {R"({"by":"ana","reason":"x","scope":"all","type":"HoldSet","version":0})", false, "event HoldSet version 0"},
      {R"({"by":"ana","reason":"x","scope":"all","type":"HoldSet"})", false, "event HoldSet version 0"},
      {R"({"by":"ana","since":1,"type":"HoldSet","version":1})", false, "event HoldSet version 1"},
      {R"({"scope":"all","by":"ana","type":"HoldSet","version":1})", false, "event HoldSet version 1"},
      {R"({"by":1,"type":"HoldSet","version":1})", false, "event HoldSet version 1"},
      {R"({"by":"ana","by":"bo","type":"HoldSet","version":1})", false, "event HoldSet version 1"},
      {R"({"restarts":"maybe","type":"HoldSet","version":1})", false, "event HoldSet version 1"},
      {R"({"attempt":4294967296,"type":"NotificationSent","version":1})", false, "event NotificationSent version 1"},
      {R"({"attempt":-1,"type":"NotificationSent","version":1})", false, "event NotificationSent version 1"},
      {R"({"version":1})", false, "an event object"},
      {R"({"type":7,"version":1})", false, "an event object"},
      {R"([])", false, "an event object"},
      {R"({"type":"HoldSet","version":1)", false, "an event object"},
      {"", false, "an event object"},
  };
  for (const Case& each : cases) {
    const auto event = event_of(each.text);
    ASSERT_FALSE(event) << each.text;
    EXPECT_EQ(event.error().is_newer, each.is_newer) << each.text;
    EXPECT_EQ(event.error().what, each.what) << each.text;
  }
}

TEST(golden, an_unknown_command_in_a_cause_is_newer) {
  const auto unknown = cause_of(cause_around(R"({"type":"DoFoo","version":1})"));
  ASSERT_FALSE(unknown);
  EXPECT_TRUE(unknown.error().is_newer);
  const auto later = cause_of(cause_around(R"({"reason":"x","scope":"all","type":"ReleaseHold","version":9})"));
  ASSERT_FALSE(later);
  EXPECT_TRUE(later.error().is_newer);
  const auto malformed = cause_of(cause_around(R"({"reason":1,"type":"ReleaseHold","version":1})"));
  ASSERT_FALSE(malformed);
  EXPECT_FALSE(malformed.error().is_newer);
}

}  // namespace
}  // namespace watchbill
