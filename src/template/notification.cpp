#include "template/notification.h"

#include <algorithm>

#include "template/functions.h"
#include "template/go_text.h"

namespace watchbill::text_template {
namespace {

// A method does not see the limits of the rendering; this is their default.
constexpr std::size_t joined_bytes_max = 1U << 20;

const Members& texts_members() {
  static constexpr Member methods[] = {
      {"Join", 1, 1,
       [](const Value& self, std::span<const Value> arguments) -> Answer {
         const std::string* separator = arguments[0].as_text();
         if (separator == nullptr) return Complaint{"takes text between the elements, such as \", \""};
         BoundedText out(joined_bytes_max);
         for (const Value& element : self.as_list()->elements) {
           if (&element != &self.as_list()->elements.front()) out.append(*separator);
           out.append(*element.as_text());
         }
         return printed(out);
       }},
  };
  static constexpr Members members{"template.Strings", methods};
  return members;
}

// One side of a list of pairs.
template <std::size_t Side>
Answer side_of(const Value& pairs, std::span<const Value>) {
  std::vector<Value> out;
  for (const Value& pair : pairs.as_list()->elements) out.push_back(pair.as_map()->entries[Side].second);
  return Value::list(std::move(out), "string", &texts_members());
}

std::string pairs_text(const Value& pairs) {
  std::string out;
  for (const Value& pair : pairs.as_list()->elements) {
    if (!out.empty()) out += ", ";
    out += *pair.as_map()->entries[0].second.as_text() + "=" + *pair.as_map()->entries[1].second.as_text();
  }
  return out;
}

const Members& pairs_members() {
  static constexpr Member methods[] = {{"Names", 0, 0, side_of<0>}, {"Values", 0, 0, side_of<1>}};
  static constexpr Members members{"template.Pairs", methods, pairs_text};
  return members;
}

// The name of the alert comes first, as people look for it there.
Value sorted_pairs(const Value& self) {
  static constexpr Members pair_members{"template.Pair", {}};
  std::vector<Value> out;
  const auto& entries = self.as_map()->entries;
  const auto add = [&out](const Value::Entry& entry) {
    out.push_back(Value::record({{"Name", Value::text(entry.first)}, {"Value", entry.second}}, &pair_members));
  };
  for (const Value::Entry& entry : entries)
    if (entry.first == "alertname") add(entry);
  for (const Value::Entry& entry : entries)
    if (entry.first != "alertname") add(entry);
  return Value::list(std::move(out), "template.Pair", &pairs_members());
}

const Members& labels_members();

Answer without(const Value& self, std::span<const Value> arguments) {
  const ListData* names = arguments[0].as_list();
  if (names == nullptr) return Complaint{"takes a list of names, as (stringSlice \"alertname\" \"severity\")"};
  std::vector<Value::Entry> kept;
  for (const Value::Entry& entry : self.as_map()->entries) {
    const auto is_it = [&entry](const Value& name) { return name.as_text() != nullptr && *name.as_text() == entry.first; };
    if (std::none_of(names->elements.begin(), names->elements.end(), is_it)) kept.push_back(entry);
  }
  return Value::map(std::move(kept), MapKind::text, &labels_members());
}

const Members& labels_members() {
  static constexpr Member methods[] = {
      {"SortedPairs", 0, 0, [](const Value& self, std::span<const Value>) -> Answer { return sorted_pairs(self); }},
      {"Names", 0, 0, [](const Value& self, std::span<const Value>) -> Answer { return side_of<0>(sorted_pairs(self), {}); }},
      {"Values", 0, 0, [](const Value& self, std::span<const Value>) -> Answer { return side_of<1>(sorted_pairs(self), {}); }},
      {"Remove", 1, 1, without},
  };
  static constexpr Members members{"template.KV", methods, [](const Value& self) { return pairs_text(sorted_pairs(self)); }};
  return members;
}

template <class Pairs>
Value pairs_of(const Pairs& pairs) {
  std::vector<Value::Entry> entries;
  entries.reserve(pairs.size());
  for (const auto& [name, value] : pairs) entries.emplace_back(name, Value::text(value));
  return Value::map(std::move(entries), MapKind::text, &labels_members());
}

Answer with_status(const Value& alerts, std::string_view status) {
  std::vector<Value> out;
  for (const Value& alert : alerts.as_list()->elements) {
    const Value* found = alert.as_map()->find("Status");
    if (*found->as_text() == status) out.push_back(alert);
  }
  return Value::list(std::move(out), "template.Alert");
}

const Members& alerts_members() {
  static constexpr Member methods[] = {
      {"Firing", 0, 0, [](const Value& self, std::span<const Value>) { return with_status(self, "firing"); }},
      {"Resolved", 0, 0, [](const Value& self, std::span<const Value>) { return with_status(self, "resolved"); }},
  };
  static constexpr Members members{"template.Alerts", methods};
  return members;
}

Shape labels_shape() {
  const Shape texts = Shape::list(Shape::leaf()).with_methods({{"Join", Shape::leaf()}});
  const Shape pairs = Shape::list(Shape::record({{"Name", Shape::leaf()}, {"Value", Shape::leaf()}}))
                          .with_methods({{"Names", texts}, {"Values", texts}});
  return Shape::keys(Shape::leaf())
      .with_methods({{"SortedPairs", pairs}, {"Names", texts}, {"Values", texts}, {"Remove", Shape()}});
}

}  // namespace

Value label_pairs(const Labels& labels) { return pairs_of(labels); }

Value label_pairs(const Annotations& annotations) { return pairs_of(annotations); }

Value alert_list(const std::vector<NotificationAlert>& alerts) {
  static constexpr Members alert_members{"template.Alert", {}};
  std::vector<Value> out;
  out.reserve(alerts.size());
  for (const NotificationAlert& alert : alerts)
    out.push_back(Value::record({{"Status", Value::text(alert.status)},
                                 {"Labels", label_pairs(alert.labels)},
                                 {"Annotations", label_pairs(alert.annotations)},
                                 {"StartsAt", Value::time(alert.starts_at)},
                                 {"EndsAt", Value::time(alert.ends_at)},
                                 {"GeneratorURL", Value::text(alert.generator_url)},
                                 {"Fingerprint", Value::text(alert.fingerprint)}},
                                &alert_members));
  return Value::list(std::move(out), "template.Alert", &alerts_members());
}

Value notification_data(const NotificationData& data) {
  return Value::record({{"Receiver", Value::text(data.receiver)},
                        {"Status", Value::text(data.status)},
                        {"Alerts", alert_list(data.alerts)},
                        {"GroupLabels", label_pairs(data.group_labels)},
                        {"CommonLabels", label_pairs(data.common_labels)},
                        {"CommonAnnotations", label_pairs(data.common_annotations)},
                        {"RouteLabels", label_pairs(data.route_labels)},
                        {"ExternalURL", Value::text(data.external_url)}});
}

Shape notification_shape() {
  const Shape labels = labels_shape();
  const Shape leaf = Shape::leaf();
  const Shape alert = Shape::record({{"Status", leaf},
                                     {"Labels", labels},
                                     {"Annotations", labels},
                                     {"StartsAt", leaf},
                                     {"EndsAt", leaf},
                                     {"GeneratorURL", leaf},
                                     {"Fingerprint", leaf}});
  const Shape alerts = Shape::list(alert).with_methods({{"Firing", Shape::list(alert)}, {"Resolved", Shape::list(alert)}});
  return Shape::record({{"Receiver", leaf},
                        {"Status", leaf},
                        {"Alerts", alerts},
                        {"GroupLabels", labels},
                        {"CommonLabels", labels},
                        {"CommonAnnotations", labels},
                        {"RouteLabels", labels},
                        {"ExternalURL", leaf}});
}

}  // namespace watchbill::text_template
