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
#include <vector>

#include "base/assert.h"
#include "base/sha256.h"
#include "model/codec.h"

namespace watchbill {

// `Key` is std::string or an enumeration or struct with operator<=> that model/codec can write; `Value` is a described struct.
template <class Key, class Value>
class Table {
 public:
  using key_type = Key;
  using mapped_type = Value;

  // The value, or null. O(log n).
  [[nodiscard]] const Value* find(const Key& key) const {
    const auto at = entries_.find(key);
    return at == entries_.end() ? nullptr : &at->second.value;
  }
  [[nodiscard]] bool contains(const Key& key) const { return entries_.contains(key); }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

  // False, and nothing changed, when the key is there already.
  bool insert(Key key, Value value) {
    const auto [at, inserted] = entries_.try_emplace(std::move(key), Entry{std::move(value), {}, true});
    if (inserted) dirty_.push_back(at->first);
    return inserted;
  }
  // The value to change. Asserts that the key is there.
  [[nodiscard]] Value& edit(const Key& key) {
    const auto at = entries_.find(key);
    WB_ASSERT(at != entries_.end(), "only what is in the table is edited");
    touch(at->first, at->second);
    return at->second.value;
  }
  // The value of the key, made with its defaults when it is not there.
  [[nodiscard]] Value& edit_or_insert(const Key& key) {
    const auto [at, inserted] = entries_.try_emplace(key, Entry{{}, {}, true});
    if (inserted) dirty_.push_back(at->first);
    else touch(at->first, at->second);
    return at->second.value;
  }
  // False when there was no such key.
  bool erase(const Key& key) {
    const auto at = entries_.find(key);
    if (at == entries_.end()) return false;
    if (!at->second.is_dirty) subtract(at->second.hash);
    entries_.erase(at);
    return true;
  }

  // Calls visit(key, value) in key order until it returns false.
  template <class Visit>
  void each(Visit&& visit) const {
    for (const auto& [key, entry] : entries_)
      if (!visit(key, entry.value)) return;
  }
  // The same from the first key not less than `from`.
  template <class Visit>
  void each_from(const Key& from, Visit&& visit) const {
    for (auto at = entries_.lower_bound(from); at != entries_.end(); ++at)
      if (!visit(at->first, at->second.value)) return;
  }

  // The digest of the content. Cost: one encoding and one SHA-256 for each entry changed since the last call.
  [[nodiscard]] Digest digest() {
    for (const Key& key : dirty_) {
      const auto at = entries_.find(key);
      if (at == entries_.end() || !at->second.is_dirty) continue;
      at->second.hash = lanes_of(entry_text(at->first, at->second.value));
      at->second.is_dirty = false;
      for (std::size_t i = 0; i < 4; ++i) sum_[i] += at->second.hash[i];
    }
    dirty_.clear();
    std::string text;
    JsonWriter writer(text);
    writer.begin_array();
    for (const std::uint64_t lane : sum_) writer.string(std::to_string(lane));
    writer.integer(static_cast<std::int64_t>(entries_.size())).end_array();
    return sha256(text);
  }

  // The canonical text of one entry, [key,value]: what snapshots hold.
  [[nodiscard]] static std::string entry_text(const Key& key, const Value& value) {
    std::string text;
    JsonWriter writer(text);
    writer.begin_array();
    encode(writer, key);
    encode(writer, value);
    writer.end_array();
    return text;
  }
  // Adds an entry from its canonical text; false when it is malformed or its key is there already.
  [[nodiscard]] bool insert_text(std::string_view text) {
    CanonicalReader in(text);
    Key key{};
    Value value{};
    const bool read = in.begin_array() && in.next_element() && decode(in, key) && in.next_element() && decode(in, value) &&
                      !in.next_element() && in.finished();
    return read && insert(std::move(key), std::move(value));
  }

 private:
  using Lanes = std::array<std::uint64_t, 4>;
  struct Entry {
    Value value;
    Lanes hash{};
    bool is_dirty{true};  // not part of sum_ yet
  };

  void touch(const Key& key, Entry& entry) {
    if (entry.is_dirty) return;
    subtract(entry.hash);
    entry.is_dirty = true;
    dirty_.push_back(key);
  }
  void subtract(const Lanes& hash) noexcept {
    for (std::size_t i = 0; i < 4; ++i) sum_[i] -= hash[i];
  }
  [[nodiscard]] static Lanes lanes_of(std::string_view text) noexcept {
    const Digest digest = sha256(text);
    Lanes lanes{};
    std::memcpy(lanes.data(), digest.bytes.data(), sizeof lanes);  // the same on every host we build for: little-endian
    return lanes;
  }

  std::map<Key, Entry> entries_;
  std::vector<Key> dirty_;  // may name entries that are gone or listed twice
  Lanes sum_{};
};

}  // namespace watchbill
