// POST /api/v1/write: remote write 1.0. The body is stored and on the disk before 204 is answered: what was acknowledged survives
// a crash. Statuses as Prometheus 2.42's receiver where it has one (400 for what the same bytes will never be taken for), 415 as
// Prometheus 3 for other messages and encodings, 429 when the store is full, 503 when the sender should come again.
// Source: storage/remote/write_handler.go; https://prometheus.io/docs/specs/prw/remote_write_spec/.
#include <algorithm>
#include <string>

#include "api/prometheus.h"
#include "api/routes.h"
#include "base/ascii.h"

namespace watchbill::api {
namespace {

constexpr std::string_view media_type = "application/x-protobuf";
constexpr std::string_view message_name = "prometheus.WriteRequest";
constexpr int no_content = 204;

// Why the body is none of ours, or "". Senders of 1.0 need not name the message.
std::string media_fault(const ports::HttpRequest& request) {
  if (const std::string* encoding = ports::find_field(request.headers, "Content-Encoding");
      encoding != nullptr && !encoding->empty() && !ports::is_equal_ignoring_case(trimmed(*encoding), "snappy"))
    return "unsupported Content-Encoding " + quoted(encoding->substr(0, 100)) + ", expected snappy";
  const std::string* type = ports::find_field(request.headers, "Content-Type");
  if (type == nullptr || type->empty()) return {};
  const std::string fault =
      "unsupported Content-Type " + quoted(type->substr(0, 200)) + ", expected application/x-protobuf of remote write 1.0";
  std::string_view rest = *type;
  for (bool is_first = true;; is_first = false) {
    const std::size_t semicolon = rest.find(';');
    const std::string_view part = trimmed(rest.substr(0, semicolon));
    if (is_first && !ports::is_equal_ignoring_case(part, media_type)) return fault;
    constexpr std::string_view proto = "proto=";
    if (!is_first && part.size() >= proto.size() && ports::is_equal_ignoring_case(part.substr(0, proto.size()), proto) &&
        part.substr(proto.size()) != message_name)
      return fault;
    if (semicolon == std::string_view::npos) return {};
    rest = rest.substr(semicolon + 1);
  }
}

std::string refusal_text(const metrics::receive::WriteReport& report) {
  const auto counted = [](std::uint64_t count, std::string_view one, std::string_view many) {
    return std::to_string(count) + std::string(count == 1 ? one : many);
  };
  return report.refusal + " (" +
         counted(report.refused_count, " sample of this request was refused, ", " samples of this request were refused, ") +
         counted(report.taken_count, " is stored)", " are stored)");
}

void answer_outcome(Call& call, const WriteOutcome& outcome) {
  const metrics::receive::WriteReport& report = outcome.report;
  if (report.unreadable) {
    const bool is_too_large = report.unreadable->kind == ErrorKind::exhausted;
    return answer_text(call, is_too_large ? 413 : 400, report.unreadable->text());
  }
  if (!outcome.durable) return answer_text(call, 503, outcome.durable.error().text());
  if (report.is_store_full) return answer_text(call, 429, refusal_text(report));
  if (report.refused_count > 0) return answer_text(call, 400, refusal_text(report));
  answer_text(call, no_content, {});
}

void write(const CallPointer& call) {
  if (const std::string fault = media_fault(call->request); !fault.empty()) return answer_text(*call, 415, fault);
  if (const auto fault = store_fault(call->services.watch)) return answer_text(*call, 503, *fault);
  const bool is_taken = call->services.watch.write(
      call->request.body, [call](const WriteOutcome& outcome) { answer_outcome(*call, outcome); });
  if (!is_taken) answer_text(*call, 503, "busy: too many requests are waiting to be written");
}

}  // namespace

Routes prometheus_write_routes() {
  Route route{"POST", "/api/v1/write", "remote write 1.0: samples of another Prometheus", "operator", {}, {}, {}, write,
              Decides::route, Dialect::prometheus};
  route.takes = "application/x-protobuf";
  route.success_status = no_content;
  route.body_bytes_max = ports::http_ingest_body_bytes_max;
  return {route};
}

}  // namespace watchbill::api
