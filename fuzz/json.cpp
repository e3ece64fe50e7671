// depends: wb_base
// Both readers of JSON: neither crashes; what the strict parser takes and is canonical, the canonical reader takes too; what the
// writer makes of a tree reads back as the same tree.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/json.h"

using namespace watchbill;

namespace {

bool is_canonical_kind(const JsonValue& value) {
  if (value.as_string() != nullptr) return true;
  if (const std::int64_t* integer = value.as_integer()) return *integer <= json_integer_max && *integer >= -json_integer_max;
  if (const JsonValue::Array* array = value.as_array()) {
    for (const JsonValue& element : *array)
      if (!is_canonical_kind(element)) return false;
    return true;
  }
  if (const JsonValue::Object* object = value.as_object()) {
    for (const auto& [name, member] : *object)
      if (!is_canonical_kind(member)) return false;
    return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CanonicalReader walker(text);
  std::string_view raw;
  static_cast<void>(walker.raw(raw));
  JsonLimits limits;
  limits.depth_max = 30;  // what the canonical reader takes
  const Result<JsonValue> tree = parse_json(text, limits);
  if (!tree) return 0;
  std::string written;
  append_json(written, *tree);
  const Result<JsonValue> again = parse_json(written, limits);
  if (!again) std::abort();
  std::string twice;
  append_json(twice, *again);
  if (twice != written) std::abort();
  if (!is_canonical_kind(*tree)) return 0;
  CanonicalReader reader(written);
  if (!reader.raw(raw) || !reader.finished() || raw != written) std::abort();
  return 0;
}
