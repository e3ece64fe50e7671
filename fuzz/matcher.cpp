// depends: wb_model_matcher wb_model wb_base
// Any text as matchers: read or refused in bounded time, at a place within the text. What was read says the same when it is
// written, can be asked, and is met or not met in the same way both times.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "model/matcher/matcher.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace watchbill;
  const std::string_view written(reinterpret_cast<const char*>(data), size);
  const Result<LabelMatcher> one = parse_matcher(written);
  WB_ASSERT(one ? parse_matcher(text(*one)) && *parse_matcher(text(*one)) == *one : !one.error().detail.empty(),
            "one matcher is read again, or the refusal says why");
  const Result<std::vector<LabelMatcher>, MatcherError> matchers = read_matchers(written);
  if (!matchers) {
    WB_ASSERT(matchers.error().offset <= size && !matchers.error().text.empty(), "a refusal says why, and where in the text");
    return 0;
  }
  const Result<std::vector<LabelMatcher>, MatcherError> again = read_matchers(text(*matchers));
  WB_ASSERT(again && *again == *matchers, "what is written is read again");
  const Result<Matchers> first = Matchers::compile(*matchers);
  const Result<Matchers> second = Matchers::compile(*again);
  WB_ASSERT(first && second, "matchers that were read compile");
  for (const Labels& labels : {Labels(), Labels({{"a", "b"}, {"severity", "page"}})})
    WB_ASSERT(first->match(labels) == second->match(labels), "the same matchers are met alike");
  return 0;
}
