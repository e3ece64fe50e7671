// Labels and annotations of Prometheus rules: $labels, $value, $externalLabels, $externalURL, and .Labels, .Value beside them.
// Source: Prometheus 2.42 rules/alerting.go; a text is parsed once, not once for each alert.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/labels.h"
#include "template/analysis.h"
#include "template/template.h"

namespace watchbill::text_template {

// A map of text: missing names are "" under MissingKey::zero.
[[nodiscard]] Value label_map(const Labels& labels);

// What `query` answers, as a list of these: .Labels and .Value.
[[nodiscard]] Value sample(const Labels& labels, double value);

// What is the same for all alerts of all rules; make it once for each configuration.
class AnnotationScope {
 public:
  AnnotationScope(const Labels& external_labels, std::string external_url);
  // Dot for one alert: the labels of its element, and its value.
  [[nodiscard]] Value data(const Labels& labels, double value) const;
  [[nodiscard]] const std::string& external_url() const noexcept { return external_url_; }

 private:
  Value external_labels_;
  std::string external_url_;
};

// The names that exist there; any label may.
[[nodiscard]] Shape annotation_shape();

// Missing labels are "", as in Prometheus. Fails as render_text does; what is shown in place of the text is the caller's choice
// (Prometheus: "<error expanding template: …>").
[[nodiscard]] Result<std::string> expand_annotation(const Template& text, const Value& data, const Environment& environment,
                                                    const RenderLimits& limits = {});

}  // namespace watchbill::text_template
