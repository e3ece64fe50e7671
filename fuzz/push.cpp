// depends: wb_metrics_push
// Any bytes as a push: the first line is the path behind /metrics/job/, the rest the body, read as text and as protobuf, taken or
// refused by groups that have others; and the bytes as the file of a group. What is taken survives being written and read, and
// the page that shows it can be read.
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "metrics/exposition/text_parser.h"
#include "metrics/push/group_file.h"
#include "metrics/push/groups.h"
#include "metrics/push/page.h"

namespace push = watchbill::metrics::push;
namespace exposition = watchbill::metrics::exposition;

namespace {

void check_page(const push::Groups& groups) {
  exposition::Page page;
  push::add_to_page(page, groups.all());
  const std::string text = page.text();
  exposition::TextParser parser(text);
  auto entry = parser.next();
  while (entry != exposition::TextParser::Entry::end) {
    WB_ASSERT(entry != exposition::TextParser::Entry::malformed, "what was taken makes a page that can be read");
    entry = parser.next();
  }
  static_cast<void>(push::groups_json(groups.all()));
}

void take(push::Groups& groups, const push::PushLabels& key, push::PushedBody body, bool replaces) {
  auto group = groups.check({key, std::move(body), replaces, watchbill::Instant{1}});
  if (!group) {
    if (auto failed = groups.failed(key, watchbill::Instant{2})) groups.put(std::move(failed));
    return;
  }
  const std::string bytes = push::encode_group(**group);
  const auto again = push::decode_group(bytes);
  WB_ASSERT(again && push::encode_group(*again) == bytes, "a group survives its file");
  groups.put(*group);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto group = push::decode_group(bytes))
    WB_ASSERT(push::decode_group(push::encode_group(*group)).has_value(), "what is read can be written");
  const std::size_t end = bytes.find('\n');
  const std::string_view path = bytes.substr(0, end);
  const std::string_view body = end == std::string_view::npos ? std::string_view() : bytes.substr(end + 1);
  static_cast<void>(push::key_of_path(path, true));
  const auto key = push::key_of_path(path, false);
  if (!key) return 0;
  WB_ASSERT(key->contains("job"), "every key has a job");
  push::BodyLimits limits;
  limits.sample_count_max = 1'000;
  push::Groups groups({{"own_total", exposition::FamilyType::counter}}, {3, 1'000});
  take(groups, {{"instance", "i"}, {"job", "a"}}, *push::read_text("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nm 1\n"), true);
  for (const bool replaces : {true, false}) {
    if (auto text = push::read_text(body, limits)) take(groups, *key, std::move(*text), replaces);
    if (auto messages = push::read_protobuf(body, limits)) take(groups, *key, std::move(*messages), replaces);
    check_page(groups);
  }
  groups.remove(*key);
  groups.remove({{"instance", "i"}, {"job", "a"}});
  WB_ASSERT(groups.size() == 0 && groups.series_count() == 0, "nothing is left of what was removed");
  return 0;
}
