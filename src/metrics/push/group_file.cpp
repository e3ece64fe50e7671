#include "metrics/push/group_file.h"

#include <cmath>

#include "base/bytes.h"
#include "base/bytes_code.h"
#include "base/sha256.h"
#include "metrics/histogram/codec.h"
#include "metrics/tsdb/checksum.h"

namespace watchbill::metrics::push {
namespace {

using exposition::FamilyType;

constexpr std::string_view magic{"WBpush\n\1", 8};

void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out.append(text);
}
void put_labels(std::string& out, const PushLabels& labels) {
  put_varint(out, labels.size());
  for (const auto& [name, value] : labels) {
    put_text(out, name);
    put_text(out, value);
  }
}
void put_instant(std::string& out, Instant at) { put_varint(out, zigzag(static_cast<std::uint64_t>(at.ms))); }

void put_metric(std::string& out, const Metric& metric) {
  put_labels(out, metric.labels);
  for (const double number : {metric.value, metric.sum, metric.count}) put_fixed(out, number);
  put_varint(out, metric.points.size());
  for (const auto& [at, value] : metric.points) {
    put_fixed(out, at);
    put_fixed(out, value);
  }
  put_text(out, metric.native);
}

std::string take_text(ByteReader& reader) { return std::string(reader.text(reader.varint())); }
Instant take_instant(ByteReader& reader) { return Instant{static_cast<std::int64_t>(unzigzag(reader.varint()))}; }

// A count of things of which each takes a byte at least.
std::uint64_t take_count(ByteReader& reader) {
  const std::uint64_t count = reader.varint();
  if (count > reader.rest().size()) reader.fail();
  return reader.is_good() ? count : 0;
}

PushLabels take_labels(ByteReader& reader) {
  PushLabels labels;
  for (std::uint64_t left = take_count(reader); left > 0 && reader.is_good(); --left) {
    std::string name = take_text(reader);
    if (!is_label_name(name) || !labels.emplace(std::move(name), take_text(reader)).second) reader.fail();
  }
  return labels;
}

Metric take_metric(ByteReader& reader) {
  Metric metric;
  metric.labels = take_labels(reader);
  metric.value = reader.fixed<double>();
  metric.sum = reader.fixed<double>();
  metric.count = reader.fixed<double>();
  for (std::uint64_t left = take_count(reader); left > 0 && reader.is_good(); --left) {
    const auto at = reader.fixed<double>();
    if (std::isnan(at)) reader.fail();  // it has no order
    else metric.points.insert_or_assign(at, reader.fixed<double>());
  }
  metric.native = take_text(reader);
  if (!metric.native.empty() && !histogram::decode(metric.native)) reader.fail();
  return metric;
}

Family take_family(ByteReader& reader) {
  Family family;
  const auto type = reader.fixed<std::uint8_t>();
  if (type > static_cast<std::uint8_t>(FamilyType::summary)) reader.fail();
  family.type = static_cast<FamilyType>(reader.is_good() ? type : 0);
  family.help = take_text(reader);
  family.pushed_at = take_instant(reader);
  for (std::uint64_t left = take_count(reader); left > 0 && reader.is_good(); --left)
    family.metrics.push_back(take_metric(reader));
  return family;
}

}  // namespace

std::string file_name_of(const PushLabels& key) {
  std::string text;
  put_labels(text, key);
  return to_hex(sha256(text).bytes).append(group_file_suffix);
}

std::string encode_group(const Group& group) {
  std::string body;
  put_labels(body, group.key);
  put_instant(body, group.pushed_at);
  put_instant(body, group.failed_at);
  put_varint(body, group.families.size());
  for (const auto& [name, family] : group.families) {
    put_text(body, name);
    put_fixed(body, static_cast<std::uint8_t>(family.type));
    put_text(body, family.help);
    put_instant(body, family.pushed_at);
    put_varint(body, family.metrics.size());
    for (const Metric& metric : family.metrics) put_metric(body, metric);
  }
  std::string out(magic);
  put_fixed(out, tsdb::checksum(body));
  return out + body;
}

Result<Group> decode_group(std::string_view bytes) {
  const auto corrupt = [](std::string detail) {
    return Error{ErrorKind::corrupt, "read the group that was pushed", "", std::move(detail)};
  };
  constexpr std::size_t header_bytes = magic.size() + sizeof(std::uint32_t);
  if (bytes.size() < header_bytes || !bytes.starts_with(magic)) return corrupt("these are not the first bytes of such a file");
  const std::string_view body = bytes.substr(header_bytes);
  if (fixed_at<std::uint32_t>(bytes, magic.size()) != tsdb::checksum(body)) return corrupt("its checksum does not match");
  ByteReader reader(body);
  Group group;
  group.key = take_labels(reader);
  group.pushed_at = take_instant(reader);
  group.failed_at = take_instant(reader);
  for (std::uint64_t left = take_count(reader); left > 0 && reader.is_good(); --left) {
    std::string name = take_text(reader);
    Family family = take_family(reader);
    if (!is_metric_name(name) || !group.families.emplace(std::move(name), std::move(family)).second) reader.fail();
  }
  if (!reader.is_good() || !reader.rest().empty() || !group.key.contains("job")) return corrupt("it is not complete");
  return group;
}

}  // namespace watchbill::metrics::push
