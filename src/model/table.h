// An ordered table of state that knows its own digest. All state of the core lives in tables, so that replay, snapshots and live
// state can be compared at the cost of what changed.
//
// The digest is the sum, in four 64-bit lanes, of the SHA-256 of each entry's canonical text: independent of history and order.
// It finds defects, not forgers; evidence rests on the journal's chain.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/sha256.h"
#include "model/codec.h"
#include "model/table_key.h"

namespace watchbill {

// `Key` is std::string or an enumeration or struct with operator<=> that model/codec can write; `Value` is a described struct.
template <class Key, class Value>
class Table {
 public:
  using key_type = Key;
  using mapped_type = Value;

  Table() = default;
  Table(const Table& other) : entries_(other.entries_), sum_(other.sum_) { list_dirty(); }
  Table(Table&&) noexcept = default;
  Table& operator=(const Table& other) { return *this = Table(other); }
  Table& operator=(Table&&) noexcept = default;
  ~Table() = default;

  // The value, or null. O(log n).
  [[nodiscard]] const Value* find(const Key& key) const {
    const auto at = entries_.find(table::wanted(key));
    return at == entries_.end() ? nullptr : &at->second.value;
  }
  [[nodiscard]] bool contains(const Key& key) const { return entries_.contains(table::wanted(key)); }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

  // False, and nothing changed, when the key is there already.
  bool insert(Key key, Value value) {
    const auto after = entries_.lower_bound(table::wanted(key));
    if (is_at(after, key)) return false;
    static_cast<void>(add(after, std::move(key), std::move(value)));
    return true;
  }
  // The value to change. Asserts that the key is there.
  [[nodiscard]] Value& edit(const Key& key) {
    const auto at = entries_.find(table::wanted(key));
    WB_ASSERT(at != entries_.end(), "only what is in the table is edited");
    touch(at);
    return at->second.value;
  }
  // The value of the key, made with its defaults when it is not there.
  [[nodiscard]] Value& edit_or_insert(const Key& key) {
    const auto at = entries_.lower_bound(table::wanted(key));
    if (!is_at(at, key)) return add(at, key, Value{});
    touch(at);
    return at->second.value;
  }
  // False when there was no such key.
  bool erase(const Key& key);

  // Calls visit(key, value) in key order until it returns false.
  template <class Visit>
  void each(Visit&& visit) const {
    for (const auto& [key, entry] : entries_)
      if (!visit(table::key_of(key), entry.value)) return;
  }
  // The same from the first key not less than `from`.
  template <class Visit>
  void each_from(const Key& from, Visit&& visit) const {
    for (auto at = entries_.lower_bound(table::wanted(from)); at != entries_.end(); ++at)
      if (!visit(table::key_of(at->first), at->second.value)) return;
  }

  // The digest of the content. Cost: one encoding and one SHA-256 for each entry changed since the last call.
  [[nodiscard]] Digest digest();

  // Appends the canonical text of one entry, [key,value]: what snapshots hold.
  static void append_entry(std::string& out, const Key& key, const Value& value);
  // Adds an entry from its canonical text; false when it is malformed or its key is there already.
  [[nodiscard]] bool insert_text(std::string_view text);

 private:
  using Lanes = std::array<std::uint64_t, 4>;
  static constexpr std::size_t clean = ~std::size_t{0};
  struct Entry {
    Value value;
    Lanes hash{};
    std::size_t dirty_at{clean};  // where it stands in dirty_; clean: it is part of sum_

    Entry(Value&& what, std::size_t dirty) : value(std::move(what)), dirty_at(dirty) {}
  };
  using Entries = std::map<table::Kept<Key>, Entry, table::IsBefore>;

  // Whether what lower_bound() gave for a key is its entry.
  [[nodiscard]] bool is_at(const typename Entries::const_iterator& at, const Key& key) const {
    return at != entries_.end() && table::key_of(at->first) == key;
  }
  // Adds an entry in front of `after`.
  [[nodiscard]] Value& add(const typename Entries::iterator& after, Key key, Value&& value) {
    const auto at = entries_.emplace_hint(after, std::piecewise_construct, std::forward_as_tuple(std::move(key)),
                                          std::forward_as_tuple(std::move(value), dirty_.size()));
    dirty_.push_back(at);
    return at->second.value;
  }

  void touch(const typename Entries::iterator& at) {
    if (at->second.dirty_at != clean) return;
    subtract(at->second.hash);
    at->second.dirty_at = dirty_.size();
    dirty_.push_back(at);
  }
  // After a copy: the list of another table names its entries, not ours.
  void list_dirty() {
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
      if (at->second.dirty_at == clean) continue;
      at->second.dirty_at = dirty_.size();
      dirty_.push_back(at);
    }
  }
  void subtract(const Lanes& hash) noexcept {
    for (std::size_t i = 0; i < 4; ++i) sum_[i] -= hash[i];
  }
  Entries entries_;
  std::vector<typename Entries::iterator> dirty_;  // changed since the last digest, each once
  Lanes sum_{};
};

}  // namespace watchbill

#include "model/table_templates.h"  // IWYU pragma: export
