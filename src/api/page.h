// Lists: `?limit=` and `?cursor=`, answered {"items":[…],"next":…,"sequence":N} (design/http.md §6).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/call.h"
#include "api/route.h"

namespace watchbill::api {

inline constexpr std::size_t page_limit_default = 100;
inline constexpr std::size_t page_limit_max = 1000;

// The two query parameters of every list, for its route.
inline constexpr Member limit_member{"limit", ValueKind::number, "how many items at most, 1 to 1000 [100]"};
inline constexpr Member cursor_member{"cursor", ValueKind::text, "`next` of the page before"};

struct PageRequest {
  std::size_t limit{page_limit_default};
  std::string after;  // the key that the page before ended with; empty for the first page
};
// Refused: bad_argument for a limit out of range or a cursor that is none of ours.
[[nodiscard]] Result<PageRequest, Refused> page_of(const Call& call);

// "SEQ.INDEX": the ids of the stream of events, and the cursors of the list of events.
[[nodiscard]] std::optional<EventReference> parse_event_reference(std::string_view text);

// Collects the items of one page.
class Page {
 public:
  Page();
  // Adds an item that is JSON already.
  void add(std::string_view json);
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  // Ends the list. `last_key`: of the last item when more follow, else empty.
  [[nodiscard]] std::string finish(Sequence sequence, std::string_view last_key);

 private:
  std::string text_;
  std::size_t size_{0};
};

// Answers one page of a list that stands in state. `walk(state, after, item)` goes through it in the order of its keys, from the
// first that is not less than `after`, and calls item(key, json_of) until that returns false. json_of() gives the item as JSON
// and is called for what is on the page alone. Loop's thread.
template <class Walk>
void answer_page(const CallPointer& call, Area area, Walk walk) {
  const Result<PageRequest, Refused> request = page_of(*call);
  if (!request) return call->refuse(request.error(), area);
  Page page;
  std::string last;
  bool has_more = false;
  const Sequence sequence = call->services.follower.read([&](const core::State& state, const ChainHead& head) {
    walk(state, request->after, [&](const std::string& key, const auto& json_of) {
      if (key == request->after) return true;
      has_more = page.size() == request->limit;
      if (has_more) return false;
      page.add(json_of());
      last = key;
      return true;
    });
    return head.sequence;
  });
  call->answer(page.finish(sequence, has_more ? last : ""), sequence);
}

}  // namespace watchbill::api
