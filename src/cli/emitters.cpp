#include "cli/emitters.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include <fmt/core.h>

#include "base/json.h"
#include "config/disk.h"
#include "metrics/exposition/open_metrics_parser.h"
#include "metrics/exposition/text_parser.h"

namespace watchbill::cli {
namespace {

namespace exposition = metrics::exposition;
using Entry = exposition::PageReader::Entry;

bool is_url(std::string_view text) { return text.starts_with("http://") || text.starts_with("https://"); }

// The URLs that an URL stands for.
std::vector<std::string> urls_of(std::string url, Instant now) {
  const std::size_t path = url.find('/', url.find("://") + 3);
  if (path != std::string::npos && path + 1 < url.size()) return {url};
  if (path != std::string::npos) url.pop_back();
  return {url + "/api/v1/metadata",
          fmt::format("{}/api/v1/label/__name__/values?start={}", url, (now - Duration::hours(1)).ms / 1000)};
}

// Families by their TYPE lines; samples of which nobody says a type are known by their names. A counter's family in OpenMetrics
// has no series of its own name, so it is known by that of its series.
template <class Parser>
Result<void> add_page(std::string_view page, const std::string& name, config::KnownMetrics& out) {
  Parser parser(page);
  std::size_t count = 0;
  for (;;) {
    switch (parser.next()) {
      case Entry::type: {
        std::string family(parser.metric_name());
        if (std::is_same_v<Parser, exposition::OpenMetricsParser> && word(parser.type()) == "counter") family += "_total";
        out.types[std::move(family)] = word(parser.type());
        break;
      }
      case Entry::sample:
        ++count;
        if (out.type_of(parser.metric_name()) == nullptr) out.types[std::string(parser.metric_name())] = "";
        break;
      case Entry::help: case Entry::unit: break;
      case Entry::end:
        if (count != 0) return {};
        return Error{ErrorKind::invalid, "read the emitters in", name, "the page has no samples"};
      case Entry::malformed:
        return Error{parser.error().kind, "read the emitters in", name + ", " + parser.error().on, parser.error().detail};
    }
  }
}

Result<void> add_json(std::string_view text, const std::string& name, config::KnownMetrics& out) {
  const auto wrong = [&name](std::string detail) {
    return Error{ErrorKind::invalid, "read the emitters in", name, std::move(detail)};
  };
  const Result<JsonValue> parsed = parse_json(text, {64U << 20});
  if (!parsed) return wrong(parsed.error().text());
  const JsonValue* data = parsed->find("data");
  if (data == nullptr) data = &*parsed;
  if (const JsonValue::Array* names = data->as_array()) {
    for (const JsonValue& each : *names)
      if (const std::string* metric = each.as_string(); metric != nullptr && out.type_of(*metric) == nullptr)
        out.types[*metric] = "";
    return {};
  }
  const JsonValue::Object* families = data->as_object();
  if (families == nullptr || parsed->find("error") != nullptr)
    return wrong("this is neither an answer of /api/v1/metadata nor of /api/v1/label/__name__/values");
  for (const auto& [family, entries] : *families) {
    const JsonValue::Array* list = entries.as_array();
    const JsonValue* type = list == nullptr || list->empty() ? nullptr : list->front().find("type");
    if (type == nullptr || type->as_string() == nullptr) return wrong(fmt::format("the family {} has no type", family));
    // Two programs that do not agree on the type: nothing is known of it.
    const bool is_agreed = std::all_of(list->begin(), list->end(), [&](const JsonValue& each) {
      const JsonValue* other = each.find("type");
      return other != nullptr && other->as_string() != nullptr && *other->as_string() == *type->as_string();
    });
    out.types[family] = is_agreed ? *type->as_string() : "";
  }
  return {};
}

Result<std::string> text_at(const std::string& url, const World& world) {
  ports::HttpCall call;
  call.url = url;
  call.body_bytes_max = 64U << 20;
  call.accepts_compression = true;
  call.redirect_count_max = 5;
  const auto answer = world.call(std::move(call));
  if (!answer) return Error{ErrorKind::not_found, "read the emitters at", url, answer.error().detail};
  if (answer->status == 200) return answer->body;
  return Error{ErrorKind::invalid, "read the emitters at", url, fmt::format("answered with status {}", answer->status)};
}

}  // namespace

Result<void> add_emitter(std::string_view text, const std::string& name, config::KnownMetrics& out) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && (text[first] == '{' || text[first] == '[')) return add_json(text, name, out);
  if (text.ends_with("# EOF\n") || text.ends_with("# EOF")) return add_page<exposition::OpenMetricsParser>(text, name, out);
  return add_page<exposition::TextParser>(text, name, out);
}

Result<void> add_emitters(const std::vector<std::string>& named, const World& world, config::KnownMetrics& out) {
  if (named.empty()) return {};
  for (const std::string& each : named) {
    if (!is_url(each)) {
      const Result<std::string> text = config::disk_files().read(each);
      if (!text) return text.error();
      if (const Result<void> added = add_emitter(*text, each, out); !added) return added.error();
      continue;
    }
    for (const std::string& url : urls_of(each, world.clock.now().wall)) {
      const Result<std::string> text = text_at(url, world);
      if (!text) return text.error();
      if (const Result<void> added = add_emitter(*text, url, out); !added) return added.error();
    }
  }
  if (world.host_page)
    if (const Result<void> added = add_emitter(world.host_page(), "this host", out); !added) return added.error();
  out.is_complete = true;
  return {};
}

}  // namespace watchbill::cli
