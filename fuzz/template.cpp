// depends: wb_template wb_base wb_model
// Reads any bytes as a template of each place, analyses it and renders it over data of every kind within small limits.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "template/analysis.h"
#include "template/annotation.h"
#include "template/notification.h"

namespace {

using namespace watchbill;
using namespace watchbill::text_template;

constexpr std::size_t rendered_bytes_max = 4096;

Value everything() {
  NotificationData page;
  page.status = "firing";
  page.alerts.push_back({"firing", Labels(std::vector<Labels::Pair>{{"alertname", "Down"}, {"job", "web"}}), {},
                         Instant{1'772'366'400'250}, Instant{}, "http://p", "f"});
  page.common_labels = page.alerts.front().labels;
  const Value notification = notification_data(page);
  return Value::record({{"Labels", label_map(page.common_labels)},
                        {"Value", Value::real(12345.678)},
                        {"Alerts", *notification.as_map()->find("Alerts")},
                        {"CommonLabels", *notification.as_map()->find("CommonLabels")},
                        {"Captured", Value::late(".Captured")},
                        {"t", Value::time(Instant{1'772'366'400'250})},
                        {"d", Value::duration(Duration{61'005})},
                        {"l", Value::list({Value::text("a"), Value::integer(1), Value(), Value::boolean(true)})},
                        {"f", Value::function(1, [](std::span<const Value> arguments) -> Answer { return arguments[0]; })}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const Value data = everything();
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  for (const Place place : {Place::rule, Place::notification, Place::plan}) {
    const Result<Template> parsed = parse({"fuzz", text}, place);
    if (!parsed) {
      WB_ASSERT(parsed.error().on.starts_with("fuzz:"), "every error names its place");
      continue;
    }
    const Analysis analysis = analyse(*parsed, place == Place::notification ? notification_shape() : annotation_shape());
    static_cast<void>(reads(analysis, ".Params"));
    RenderOptions options;
    options.limits = RenderLimits{5'000, rendered_bytes_max, 200};
    options.missing_key = MissingKey::zero;
    options.escape = size % 2 == 0 ? Escape::none : Escape::html;
    Environment environment;
    options.environment = &environment;
    environment.now = Instant{1'772'366'400'000};
    environment.query = [](std::string_view) -> Answer { return Value::list({sample(Labels{}, 1)}); };
    const Result<std::vector<Part>> parts = render(*parsed, data, options);
    const Result<std::vector<Part>> again = render(*parsed, data, options);
    WB_ASSERT(parts.has_value() == again.has_value(), "rendering is deterministic");
    if (!parts) continue;
    WB_ASSERT(*parts == *again, "rendering is deterministic");
    std::size_t total = 0;
    for (const Part& part : *parts) total += part.text.size();
    WB_ASSERT(total <= rendered_bytes_max, "the output stays within its limit");
  }
  return 0;
}
