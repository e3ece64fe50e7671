#include "template/annotation.h"

namespace watchbill::text_template {

Value label_map(const Labels& labels) {
  std::vector<Value::Entry> entries;
  entries.reserve(labels.size());
  for (const auto& [name, value] : labels) entries.emplace_back(name, Value::text(value));
  return Value::map(std::move(entries), MapKind::text);
}

Value sample(const Labels& labels, double value) {
  static constexpr Members members{"template.sample", {}};
  return Value::record({{"Labels", label_map(labels)}, {"Value", Value::real(value)}}, &members);
}

AnnotationScope::AnnotationScope(const Labels& external_labels, std::string external_url)
    : external_labels_(label_map(external_labels)), external_url_(std::move(external_url)) {}

Value AnnotationScope::data(const Labels& labels, double value) const {
  std::vector<Value::Entry> entries;
  entries.reserve(4);
  entries.emplace_back("Labels", label_map(labels));
  entries.emplace_back("ExternalLabels", external_labels_);
  entries.emplace_back("ExternalURL", Value::text(external_url_));
  entries.emplace_back("Value", Value::real(value));
  return Value::record(std::move(entries));
}

Shape annotation_shape() {
  const Shape labels = Shape::keys(Shape::leaf());
  return Shape::record(
      {{"Labels", labels}, {"ExternalLabels", labels}, {"ExternalURL", Shape::leaf()}, {"Value", Shape::leaf()}});
}

Result<std::string> expand_annotation(const Template& text, const Value& data, const Environment& environment,
                                      const RenderLimits& limits) {
  RenderOptions options;
  options.missing_key = MissingKey::zero;
  options.limits = limits;
  options.environment = &environment;
  return render_text(text, data, options);
}

}  // namespace watchbill::text_template
