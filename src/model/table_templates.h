// The longer bodies of model/table.h; never included elsewhere.
#pragma once

#include "model/table.h"

namespace watchbill {

// Contract: model/table.h.
template <class Key, class Value>
bool Table<Key, Value>::erase(const Key& key) {
  const auto at = entries_.find(table::wanted(key));
  if (at == entries_.end()) return false;
  const std::size_t place = at->second.dirty_at;
  if (place == clean) {
    subtract(at->second.hash);
  } else {  // its place in the list goes to the last of the list
    dirty_[place] = dirty_.back();
    dirty_[place]->second.dirty_at = place;
    dirty_.pop_back();
  }
  entries_.erase(at);
  return true;
}

// Contract: model/table.h.
template <class Key, class Value>
Digest Table<Key, Value>::digest() {
  std::string text;
  for (const auto& at : dirty_) {
    Entry& entry = at->second;
    text.clear();
    append_entry(text, table::key_of(at->first), entry.value);
    const Digest hash = sha256(text);
    std::memcpy(entry.hash.data(), hash.bytes.data(), sizeof entry.hash);  // all hosts we build for are little-endian
    entry.dirty_at = clean;
    for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] += entry.hash[i];
  }
  dirty_.clear();
  text.clear();
  JsonWriter writer(text);
  writer.begin_array();
  for (const std::uint64_t lane : sum_) writer.string(std::to_string(lane));
  writer.integer(static_cast<std::int64_t>(entries_.size())).end_array();
  return sha256(text);
}

// Contract: model/table.h.
template <class Key, class Value>
void Table<Key, Value>::append_entry(std::string& out, const Key& key, const Value& value) {
  JsonWriter writer(out);
  writer.begin_array();
  encode(writer, key);
  encode(writer, value);
  writer.end_array();
}

// Contract: model/table.h.
template <class Key, class Value>
bool Table<Key, Value>::insert_text(std::string_view text) {
  CanonicalReader in(text);
  Key key{};
  Value value{};
  const bool read = in.begin_array() && in.next_element() && decode(in, key) && in.next_element() && decode(in, value) &&
                    !in.next_element() && in.finished();
  return read && insert(std::move(key), std::move(value));
}

}  // namespace watchbill
