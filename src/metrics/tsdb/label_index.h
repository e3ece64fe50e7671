// Which series have which label: sorted lists for look-up and intersection, over series in label order.
//
// A segment never changes; new series make small segments, and segments are merged pairwise as they grow alike (a log-structured
// index). So readers share segments without a lock, and what a select gives is in label order without sorting.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "metrics/tsdb/matcher.h"
#include "metrics/tsdb/series_table.h"

namespace watchbill::metrics::tsdb {

struct Member {
  SeriesHolder record;
  std::uint32_t slot{0};
};

class IndexSegment {
 public:
  // Takes series in any order; all label sets differ.
  [[nodiscard]] static std::shared_ptr<const IndexSegment> build(std::vector<Member> members);
  // The union of two segments without the members that `pages` no longer holds. Linear in their sizes.
  [[nodiscard]] static std::shared_ptr<const IndexSegment> merge(const IndexSegment& a, const IndexSegment& b,
                                                                 const PageTable& pages);

  // Adds the ranks (positions in members()) that meet all matchers to `ranks`, ascending.
  void select(std::span<const Matcher> matchers, std::vector<std::uint32_t>& ranks) const;

  // Whether any member has a label of this name.
  [[nodiscard]] bool has_name(std::string_view name) const noexcept { return !values_of(name).empty(); }

  [[nodiscard]] const std::vector<Member>& members() const noexcept { return members_; }
  // Bytes allocated for the segment, without the records.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  // One value of one label name, and who has it: postings_[first, end).
  struct Value {
    std::string_view text;  // in a member's labels
    std::uint32_t first{0};
    std::uint32_t end{0};
  };
  struct Name {
    std::string_view text;
    std::uint32_t first{0};  // values_[first, end), sorted
    std::uint32_t end{0};
  };
  using Ranks = std::vector<std::uint32_t>;

  // Names, values and postings of the members, which are there and sorted.
  void fill_postings();
  [[nodiscard]] std::span<const Value> values_of(std::string_view name) const noexcept;
  [[nodiscard]] std::span<const std::uint32_t> ranks_of(const Value& value) const noexcept;
  [[nodiscard]] std::vector<const Value*> matching(const Matcher& matcher, std::span<const Value> values) const;
  void filter(const Matcher& matcher, Ranks& ranks) const;
  void merge_values(const IndexSegment& from_a, const Name* a, const IndexSegment& from_b, const Name* b, const Ranks& rank_a,
                    const Ranks& rank_b);
  void add_value(const IndexSegment& from_a, const Value* a, const IndexSegment& from_b, const Value* b, const Ranks& rank_a,
                 const Ranks& rank_b);

  std::vector<Member> members_;
  std::vector<Name> names_;
  std::vector<Value> values_;
  std::vector<std::uint32_t> postings_;
};

using Segments = std::vector<std::shared_ptr<const IndexSegment>>;

}  // namespace watchbill::metrics::tsdb
