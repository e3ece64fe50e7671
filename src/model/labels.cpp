#include "model/labels.h"

#include <algorithm>

namespace watchbill {
namespace {

bool by_name(const Labels::Pair& pair, std::string_view name) noexcept { return pair.first < name; }

bool is_name(std::string_view name, bool allow_colon) noexcept {
  const auto is_start = [allow_colon](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (allow_colon && c == ':');
  };
  if (name.empty() || !is_start(name.front())) return false;
  return std::all_of(name.begin() + 1, name.end(), [&](char c) { return is_start(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

Labels::Labels(std::vector<Pair> pairs) : pairs_(std::move(pairs)) {
  std::stable_sort(pairs_.begin(), pairs_.end(), [](const Pair& a, const Pair& b) { return a.first < b.first; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const bool is_replaced = i + 1 < pairs_.size() && pairs_[i + 1].first == pairs_[i].first;
    if (is_replaced || pairs_[i].second.empty()) continue;
    if (kept != i) pairs_[kept] = std::move(pairs_[i]);
    ++kept;
  }
  pairs_.resize(kept);
}

std::string_view Labels::get(std::string_view name) const noexcept {
  const auto at = std::lower_bound(pairs_.begin(), pairs_.end(), name, by_name);
  return at != pairs_.end() && at->first == name ? std::string_view(at->second) : std::string_view();
}

void Labels::set(std::string_view name, std::string_view value) {
  const auto at = std::lower_bound(pairs_.begin(), pairs_.end(), name, by_name);
  const bool is_present = at != pairs_.end() && at->first == name;
  if (value.empty()) {
    if (is_present) pairs_.erase(at);
  } else if (is_present) {
    at->second.assign(value);
  } else {
    pairs_.emplace(at, std::string(name), std::string(value));
  }
}

std::string Labels::text() const {
  std::string out(get(metric_name_label));
  std::string inner;
  for (const auto& [name, value] : pairs_) {
    if (name == metric_name_label) continue;
    if (!inner.empty()) inner.append(", ");
    inner.append(name).append("=").append(quoted(value));
  }
  if (out.empty() || !inner.empty()) out.append("{").append(inner).append("}");
  return out;
}

bool is_label_name(std::string_view name) noexcept { return is_name(name, false); }
bool is_metric_name(std::string_view name) noexcept { return is_name(name, true); }

std::string quoted(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"': out.append("\\\""); break;
      case '\\': out.append("\\\\"); break;
      case '\n': out.append("\\n"); break;
      case '\r': out.append("\\r"); break;
      case '\t': out.append("\\t"); break;
      default:
        if (byte < 0x20 || byte == 0x7F) out.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
        else out.push_back(c);
    }
  }
  return out.append("\"");
}

}  // namespace watchbill
