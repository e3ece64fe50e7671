#include "drivers/action/http_action.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"

namespace watchbill::drivers::action {
namespace {

constexpr std::size_t answer_bytes_max = 1U << 20;  // what is compared with `body` and `json`
constexpr Duration retry_after_max = Duration::seconds(300);

bool is_expected(const PlanValues& args, std::uint32_t status) {
  const auto wanted = args.find("status");
  if (wanted == args.end()) return status >= 200 && status < 300;
  const auto is_it = [status](const PlanValue& value) { return value.as_integer() != nullptr && *value.as_integer() == status; };
  if (const PlanValue::List* list = wanted->second.as_list()) return std::any_of(list->begin(), list->end(), is_it);
  return is_it(wanted->second);
}

// A text field is compared as it is, every other by its JSON text: "3", "true".
bool has_field(const JsonValue& body, const std::string& name, const std::string& wanted) {
  const JsonValue* field = body.find(name);
  if (field == nullptr) return false;
  if (const std::string* text = field->as_string()) return *text == wanted;
  std::string text;
  append_json(text, *field);
  return text == wanted;
}

std::string unmet_json(const PlanValue::Map& wanted, const std::string& body) {
  const auto parsed = parse_json(body);
  if (!parsed) return "json";
  for (const auto& [name, value] : wanted)
    if (value.as_text() == nullptr || !has_field(*parsed, name, *value.as_text())) return "json " + name;
  return {};
}

bool is_retryable(std::uint32_t status) { return status == 408 || status == 429 || status >= 500; }

// Seconds alone: a date would need a clock that both sides share.
Duration retry_after(const ports::HttpFields& headers) {
  const std::string* text = ports::find_field(headers, "Retry-After");
  std::int64_t seconds = 0;
  if (text == nullptr) return {};
  const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (failure != std::errc{} || end != text->data() + text->size() || seconds < 0) return {};
  return std::min(retry_after_max, Duration::seconds(std::min(seconds, retry_after_max.ms)));
}

}  // namespace

std::optional<ports::HttpCall> call_of(const PlanValues& args, Duration timeout) {
  ports::HttpCall call;
  call.url = std::string(text_of(args, "url"));
  if (call.url.empty()) return std::nullopt;
  if (const std::string_view method = text_of(args, "method"); !method.empty()) call.method = std::string(method);
  call.body = std::string(text_of(args, "data"));
  if (const auto headers = args.find("headers"); headers != args.end()) {
    if (headers->second.as_map() == nullptr) return std::nullopt;
    for (const auto& [name, value] : *headers->second.as_map()) {
      if (value.as_text() == nullptr) return std::nullopt;
      call.headers.push_back({name, *value.as_text()});
    }
  }
  call.timeout = timeout;
  call.connect_timeout = std::min(call.connect_timeout, timeout);
  call.body_bytes_max = answer_bytes_max;
  return call;
}

std::string unmet_by(const PlanValues& args, const ports::HttpAnswer& answer) {
  if (!is_expected(args, answer.status)) return "status " + std::to_string(answer.status);
  const std::string_view body = text_of(args, "body");
  if (!body.empty() && answer.body.find(body) == std::string::npos) return "body";
  const auto json = args.find("json");
  if (json == args.end() || json->second.as_map() == nullptr) return {};
  return unmet_json(*json->second.as_map(), answer.body);
}

NoteOutcome outcome_of(const PlanValues& args, const Result<ports::HttpAnswer, ports::HttpFailure>& answer) {
  NoteOutcome note;
  if (!answer) {
    const ports::HttpFailureKind kind = answer.error().kind;
    note.reason = word(kind);
    if (!ports::was_nothing_sent(kind)) return note;  // unknown
    note.outcome = EffectOutcome::failed;
    note.retryable = kind != ports::HttpFailureKind::call_invalid;
    return note;
  }
  note.output = answer->body;
  note.reason = unmet_by(args, *answer);
  note.outcome = note.reason.empty() ? EffectOutcome::succeeded : EffectOutcome::failed;
  if (note.outcome == EffectOutcome::succeeded || is_expected(args, answer->status)) return note;
  note.retryable = is_retryable(answer->status);
  note.retry_after = note.retryable ? retry_after(answer->headers) : Duration{};
  return note;
}

Judged judge(const PlanValues& args, const Result<ports::HttpAnswer, ports::HttpFailure>& answer) {
  if (!answer) return {Observed::no_data, std::string(word(answer.error().kind))};
  std::string unmet = unmet_by(args, *answer);
  const Observed observed = unmet.empty() ? Observed::true_ : Observed::false_;
  return {observed, std::move(unmet)};
}

}  // namespace watchbill::drivers::action
