#include "config/walk.h"

#include <algorithm>
#include <cstddef>

namespace watchbill::config {
namespace {

struct Frame {
  std::string_view name;
  const std::vector<std::string_view>* next;
  std::size_t position{0};
};

}  // namespace

Walk walk(const Graph& graph) {
  Walk out;
  std::map<std::string_view, bool> is_done;  // absent: not seen; false: on the way
  std::vector<Frame> way;
  const auto enter = [&](Graph::const_iterator each) {
    is_done[each->first] = false;
    way.push_back({each->first, &each->second});
  };
  for (auto start = graph.begin(); start != graph.end(); ++start) {
    if (is_done.count(start->first) == 0) enter(start);
    while (!way.empty()) {
      Frame& top = way.back();
      if (top.position == top.next->size()) {
        is_done[top.name] = true;
        out.order.push_back(top.name);
        way.pop_back();
        continue;
      }
      const auto next = graph.find((*top.next)[top.position++]);
      if (next == graph.end()) continue;
      const auto seen = is_done.find(next->first);
      if (seen == is_done.end()) {
        enter(next);
      } else if (!seen->second) {
        std::vector<std::string_view>& circle = out.circles.emplace_back();
        auto each = std::find_if(way.begin(), way.end(), [&](const Frame& frame) { return frame.name == next->first; });
        for (; each != way.end(); ++each) circle.push_back(each->name);
      }
    }
  }
  return out;
}

std::string text_of(const std::vector<std::string_view>& circle) {
  std::string out;
  for (const std::string_view name : circle) out.append(name).append(" -> ");
  return out.append(circle.front());
}

}  // namespace watchbill::config
