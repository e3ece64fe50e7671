#include "metrics/tsdb/label_index.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/assert.h"

namespace watchbill::metrics::tsdb {
namespace {

constexpr std::uint32_t dropped = std::numeric_limits<std::uint32_t>::max();

// A set of ranks that is filled and walked in linear time.
class RankSet {
 public:
  explicit RankSet(std::size_t member_count) : words_((member_count + 63) / 64) {}
  void add(std::span<const std::uint32_t> ranks) noexcept {
    for (const std::uint32_t rank : ranks) words_[rank / 64] |= std::uint64_t{1} << (rank % 64);
  }
  [[nodiscard]] bool has(std::uint32_t rank) const noexcept { return ((words_[rank / 64] >> (rank % 64)) & 1) != 0; }
  void list(std::vector<std::uint32_t>& out) const {
    for (std::size_t i = 0; i < words_.size(); ++i)
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1)
        out.push_back(static_cast<std::uint32_t>(i * 64) + static_cast<std::uint32_t>(std::countr_zero(word)));
  }

 private:
  std::vector<std::uint64_t> words_;
};

PackedLabels::Pair pair_of(const Member& member, std::string_view name) noexcept {
  const PackedLabels::Pair pair = member.record->labels.find(name);
  WB_ASSERT(!pair.name.empty(), "a posting names a member that has the label");
  return pair;
}

bool is_alive(const Member& member, const PageTable& pages) noexcept {
  return state_at(pages, member.slot).record == member.record.get();
}

}  // namespace

std::shared_ptr<const IndexSegment> IndexSegment::build(std::vector<Member> members) {
  auto segment = std::make_shared<IndexSegment>();
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.record->labels < b.record->labels; });
  segment->members_ = std::move(members);
  segment->fill_postings();
  return segment;
}

// Postings are counted by label first, so that only the labels that differ are sorted: thousands of series share most of theirs.
void IndexSegment::fill_postings() {
  using Label = std::pair<std::string_view, std::string_view>;
  struct Group {
    Label label;
    std::uint32_t count{0};
    std::uint32_t next{0};  // in postings_
  };
  boost::unordered_flat_map<Label, std::uint32_t> numbers;
  std::vector<Group> groups;
  std::vector<std::uint32_t> group_of;  // of each label of each member, in their order
  for (const Member& member : members_)
    for (const auto [name, value] : member.record->labels) {
      const auto [at, is_new] = numbers.try_emplace(Label(name, value), static_cast<std::uint32_t>(groups.size()));
      if (is_new) groups.push_back(Group{at->first});
      ++groups[at->second].count;
      group_of.push_back(at->second);
    }
  std::vector<std::uint32_t> order(groups.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return groups[a].label < groups[b].label; });
  std::uint32_t end = 0;
  values_.reserve(groups.size());
  for (const std::uint32_t number : order) {
    Group& group = groups[number];
    const auto at = static_cast<std::uint32_t>(values_.size());
    if (names_.empty() || names_.back().text != group.label.first) names_.push_back(Name{group.label.first, at, at});
    ++names_.back().end;
    group.next = end;
    end += group.count;
    values_.push_back(Value{group.label.second, group.next, end});
  }
  postings_.resize(end);
  auto group = group_of.begin();
  for (std::uint32_t rank = 0; rank < members_.size(); ++rank)
    for (std::size_t left = members_[rank].record->labels.size(); left > 0; --left)
      postings_[groups[*group++].next++] = rank;
}

std::shared_ptr<const IndexSegment> IndexSegment::merge(const IndexSegment& a, const IndexSegment& b, const PageTable& pages) {
  auto merged = std::make_shared<IndexSegment>();
  Ranks rank_a(a.members_.size(), dropped);
  Ranks rank_b(b.members_.size(), dropped);
  merged->members_.reserve(a.members_.size() + b.members_.size());
  for (std::size_t i = 0, j = 0; i < a.members_.size() || j < b.members_.size();) {
    const bool takes_a = j == b.members_.size() ||
                         (i < a.members_.size() && a.members_[i].record->labels < b.members_[j].record->labels);
    const Member& member = takes_a ? a.members_[i] : b.members_[j];
    if (is_alive(member, pages)) {
      (takes_a ? rank_a[i] : rank_b[j]) = static_cast<std::uint32_t>(merged->members_.size());
      merged->members_.push_back(member);
    }
    ++(takes_a ? i : j);
  }
  merged->postings_.reserve(a.postings_.size() + b.postings_.size());
  merged->values_.reserve(std::max(a.values_.size(), b.values_.size()));
  for (std::size_t i = 0, j = 0; i < a.names_.size() || j < b.names_.size();) {
    const Name* name_a = i < a.names_.size() ? &a.names_[i] : nullptr;
    const Name* name_b = j < b.names_.size() ? &b.names_[j] : nullptr;
    if (name_a != nullptr && name_b != nullptr && name_a->text != name_b->text)
      (name_a->text < name_b->text ? name_b : name_a) = nullptr;
    merged->merge_values(a, name_a, b, name_b, rank_a, rank_b);
    if (name_a != nullptr) ++i;
    if (name_b != nullptr) ++j;
  }
  merged->values_.shrink_to_fit();
  return merged;
}

// Adds one name with the values that it has in either segment (null: none there).
void IndexSegment::merge_values(const IndexSegment& from_a, const Name* a, const IndexSegment& from_b, const Name* b,
                                const Ranks& rank_a, const Ranks& rank_b) {
  const std::string_view text = a != nullptr ? a->text : b->text;
  const auto first = static_cast<std::uint32_t>(values_.size());
  std::uint32_t i = a != nullptr ? a->first : 0;
  std::uint32_t j = b != nullptr ? b->first : 0;
  const std::uint32_t end_a = a != nullptr ? a->end : 0;
  const std::uint32_t end_b = b != nullptr ? b->end : 0;
  while (i < end_a || j < end_b) {
    const Value* value_a = i < end_a ? &from_a.values_[i] : nullptr;
    const Value* value_b = j < end_b ? &from_b.values_[j] : nullptr;
    if (value_a != nullptr && value_b != nullptr && value_a->text != value_b->text) {
      (value_a->text < value_b->text ? value_b : value_a) = nullptr;
    }
    add_value(from_a, value_a, from_b, value_b, rank_a, rank_b);
    // The texts of the sources go away with their members: what stays must point into a member of this segment.
    if (values_.size() > first && values_.back().text.data() == nullptr) {
      values_.back().text = pair_of(members_[postings_[values_.back().first]], text).value;
    }
    if (value_a != nullptr) ++i;
    if (value_b != nullptr) ++j;
  }
  const auto end = static_cast<std::uint32_t>(values_.size());
  if (end == first) return;
  names_.push_back(Name{pair_of(members_[postings_[values_[first].first]], text).name, first, end});
}

// Adds one value, its text still to be set, unless nobody has it any more.
void IndexSegment::add_value(const IndexSegment& from_a, const Value* a, const IndexSegment& from_b, const Value* b,
                             const Ranks& rank_a, const Ranks& rank_b) {
  const auto first = static_cast<std::uint32_t>(postings_.size());
  if (a != nullptr)
    for (const std::uint32_t rank : from_a.ranks_of(*a))
      if (rank_a[rank] != dropped) postings_.push_back(rank_a[rank]);
  const auto middle = static_cast<std::ptrdiff_t>(postings_.size());
  if (b != nullptr)
    for (const std::uint32_t rank : from_b.ranks_of(*b))
      if (rank_b[rank] != dropped) postings_.push_back(rank_b[rank]);
  const auto end = static_cast<std::uint32_t>(postings_.size());
  if (end == first) return;
  std::inplace_merge(postings_.begin() + first, postings_.begin() + middle, postings_.end());
  values_.push_back(Value{{}, first, end});
}

void IndexSegment::select(std::span<const Matcher> matchers, std::vector<std::uint32_t>& ranks) const {
  const auto is_lookup = [](const Matcher& m) { return m.is_literal() && !m.is_negative() && !m.matches_empty(); };
  const Matcher* base = nullptr;
  std::size_t base_size = std::numeric_limits<std::size_t>::max();
  std::vector<const Value*> base_values;
  for (const Matcher& matcher : matchers) {
    if (matcher.matches_empty() || (!is_lookup(matcher) && base != nullptr)) continue;
    std::vector<const Value*> values = matching(matcher, values_of(matcher.name()));
    std::size_t size = 0;
    for (const Value* value : values) size += value->end - value->first;
    if (size >= base_size) continue;
    base = &matcher;
    base_size = size;
    base_values = std::move(values);
  }
  if (base == nullptr) {
    ranks.resize(members_.size());
    for (std::uint32_t rank = 0; rank < members_.size(); ++rank) ranks[rank] = rank;
  } else if (base_values.size() == 1) {
    const std::span<const std::uint32_t> list = ranks_of(*base_values.front());
    ranks.assign(list.begin(), list.end());
  } else if (!base_values.empty()) {
    RankSet set(members_.size());
    for (const Value* value : base_values) set.add(ranks_of(*value));
    set.list(ranks);
  }
  // Look-ups first: they make the rest cheap.
  for (const bool lookups : {true, false})
    for (const Matcher& matcher : matchers)
      if (&matcher != base && is_lookup(matcher) == lookups) filter(matcher, ranks);
}

// The values that meet the condition; the empty value is never among them.
std::vector<const IndexSegment::Value*> IndexSegment::matching(const Matcher& matcher, std::span<const Value> values) const {
  const auto by_text = [](const Value& value, std::string_view text) { return value.text < text; };
  std::vector<const Value*> found;
  if (matcher.is_literal() && !matcher.is_negative()) {
    for (const std::string& literal : matcher.literals()) {
      const auto at = std::lower_bound(values.begin(), values.end(), std::string_view(literal), by_text);
      if (at != values.end() && at->text == literal) found.push_back(&*at);
    }
    return found;
  }
  auto at = values.begin();
  const std::string_view prefix = matcher.is_negative() ? std::string_view() : std::string_view(matcher.prefix());
  if (!prefix.empty()) at = std::lower_bound(values.begin(), values.end(), prefix, by_text);
  for (; at != values.end() && at->text.starts_with(prefix); ++at)
    if (matcher.matches(at->text)) found.push_back(&*at);
  return found;
}

void IndexSegment::filter(const Matcher& matcher, Ranks& ranks) const {
  // A test of one series costs about as much as marking this many postings.
  constexpr std::size_t postings_per_test = 16;
  if (ranks.empty()) return;
  const std::span<const Value> values = values_of(matcher.name());
  const auto test_each = [&] {
    std::erase_if(ranks,
                  [&](std::uint32_t rank) { return !matcher.matches(members_[rank].record->labels.find(matcher.name()).value); });
  };
  const bool needs_scan = !matcher.is_literal() || matcher.is_negative();
  if (needs_scan && ranks.size() <= values.size()) return test_each();

  // Mark the smaller notion: who has a value that meets the condition, or, when absence meets it, a value that does not.
  std::vector<const Value*> deciding;
  if (!matcher.matches_empty()) {
    deciding = matching(matcher, values);
  } else {
    for (const Value& value : values)
      if (!matcher.matches(value.text)) deciding.push_back(&value);
  }
  std::size_t posting_count = 0;
  for (const Value* value : deciding) posting_count += value->end - value->first;
  if (ranks.size() * postings_per_test < posting_count) return test_each();
  RankSet set(members_.size());
  for (const Value* value : deciding) set.add(ranks_of(*value));
  std::erase_if(ranks, [&](std::uint32_t rank) { return set.has(rank) == matcher.matches_empty(); });
}

std::span<const IndexSegment::Value> IndexSegment::values_of(std::string_view name) const noexcept {
  const auto at =
      std::lower_bound(names_.begin(), names_.end(), name, [](const Name& n, std::string_view text) { return n.text < text; });
  if (at == names_.end() || at->text != name) return {};
  return std::span(values_).subspan(at->first, at->end - at->first);
}

std::span<const std::uint32_t> IndexSegment::ranks_of(const Value& value) const noexcept {
  return std::span(postings_).subspan(value.first, value.end - value.first);
}

std::size_t IndexSegment::memory_bytes() const noexcept {
  return sizeof(*this) + members_.capacity() * sizeof(Member) + names_.capacity() * sizeof(Name) +
         values_.capacity() * sizeof(Value) + postings_.capacity() * sizeof(std::uint32_t);
}

}  // namespace watchbill::metrics::tsdb
