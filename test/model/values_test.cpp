// Tables, the time index, labels, ids and the codec: properties that everything above rests on.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <set>

#include "model/decide.h"
#include "model/labels.h"
#include "model/schedule.h"
#include "model/table.h"

namespace watchbill {
namespace {

struct Entry {
  std::int64_t count{0};
  std::string text;
  template <class To>
  static constexpr auto fields(To&& to) { return to(field("count", &Entry::count), field("text", &Entry::text)); }
};
using Entries = Table<std::string, Entry>;

Digest fresh_digest(const std::map<std::string, Entry>& content) {
  Entries table;
  for (const auto& [key, value] : content) static_cast<void>(table.insert(key, value));
  return table.digest();
}

// Any sequence of changes, with digests, copies and moves in between, gives the digest of a fresh table with the same content.
TEST(table, its_digest_depends_on_its_content_alone) {
  const bool holds = rc::check([](const std::vector<std::pair<int, int>>& steps) {
    Entries table;
    std::map<std::string, Entry> content;
    for (const auto& [what, which] : steps) {
      const std::string key = "key-" + std::to_string(static_cast<unsigned>(which) % 7);
      switch (static_cast<unsigned>(what) % 6) {
        case 0: RC_ASSERT(table.insert(key, Entry{which, key}) == content.try_emplace(key, Entry{which, key}).second); break;
        case 1:
          if (content.contains(key)) table.edit(key).count = content[key].count = which;
          break;
        case 2: table.edit_or_insert(key).text = content[key].text = std::to_string(which); break;
        case 3: RC_ASSERT(table.erase(key) == (content.erase(key) > 0)); break;
        case 4: RC_ASSERT(table.digest() == fresh_digest(content)); break;
        case 5: {
          Entries copy = table;
          static_cast<void>(copy.erase("key-0"));
          copy.edit_or_insert("key-1").count = -1;
          static_cast<void>(copy.digest());
          Entries moved = std::move(table);
          table = std::move(moved);
          break;
        }
        default: break;
      }
    }
    RC_ASSERT(table.size() == content.size());
    RC_ASSERT(table.digest() == fresh_digest(content));
  });
  EXPECT_TRUE(holds);
}

TEST(table, other_content_has_another_digest) {
  EXPECT_NE(fresh_digest({}), fresh_digest({{"a", {}}}));
  EXPECT_NE(fresh_digest({{"a", {}}}), fresh_digest({{"b", {}}}));
  EXPECT_NE(fresh_digest({{"a", {1, ""}}}), fresh_digest({{"a", {2, ""}}}));
  EXPECT_NE(fresh_digest({{"a", {1, ""}}, {"b", {2, ""}}}), fresh_digest({{"a", {2, ""}}, {"b", {1, ""}}}));
}

TEST(table, its_order_is_that_of_the_bytes_of_its_keys) {
  const bool holds = rc::check([](const std::vector<std::vector<unsigned>>& words) {
    Entries table;
    std::map<std::string, Entry> content;
    for (const std::vector<unsigned>& word : words) {
      std::string key;
      for (const unsigned letter : word)
        key.append(letter % 5 == 0 ? "longer-front" : std::string(1, "\x00\x7F\x80z"[letter % 4]));
      static_cast<void>(table.insert(key, Entry{}));
      content.try_emplace(key);
    }
    std::vector<std::string> wanted, found;
    for (const auto& [key, value] : content) wanted.push_back(key);
    const auto take = [&found](const std::string& key, const Entry&) {
      found.push_back(key);
      return true;
    };
    table.each(take);
    RC_ASSERT(found == wanted);
    for (std::size_t from = 0; from < wanted.size(); ++from) {
      found.clear();
      table.each_from(wanted[from], take);
      RC_ASSERT(found == std::vector(wanted.begin() + static_cast<std::ptrdiff_t>(from), wanted.end()));
      RC_ASSERT(table.contains(wanted[from]));
    }
  });
  EXPECT_TRUE(holds);
}

TEST(table, an_entry_reads_back_from_its_text_once) {
  std::string text;
  Entries::append_entry(text, "k\n", Entry{-5, "\xE2\x82\xAC"});
  EXPECT_EQ(text, "[\"k\\n\",{\"count\":-5,\"text\":\"\xE2\x82\xAC\"}]");
  Entries table;
  EXPECT_TRUE(table.insert_text(text));
  EXPECT_FALSE(table.insert_text(text)) << "the key is there already";
  EXPECT_FALSE(table.insert_text("[\"other\",{},1]"));
  EXPECT_FALSE(table.insert_text("[\"other\",{}] "));
  EXPECT_FALSE(table.insert_text("[\"other\"]"));
  EXPECT_EQ(table.digest(), fresh_digest({{"k\n", {-5, "\xE2\x82\xAC"}}}));
}

TEST(time_index, it_is_the_sorted_list_of_what_was_set_last) {
  const bool holds = rc::check([](const std::vector<std::pair<int, int>>& steps) {
    TimeIndex index;
    std::map<Subject, Instant> content;
    for (const auto& [which, when] : steps) {
      const Subject subject{static_cast<unsigned>(which) % 2 ? Area::route : Area::access, std::to_string(which % 5)};
      const Instant at = when % 4 == 0 ? Instant::never() : Instant{when % 16};
      index.set(subject, at);
      if (at == Instant::never()) content.erase(subject);
      else content[subject] = at;
      if (when % 8 == 1) index = TimeIndex(index);
      RC_ASSERT(index.contains(subject) == content.contains(subject));
    }
    std::set<std::pair<Instant, Subject>> wanted, found;
    for (const auto& [subject, at] : content) wanted.emplace(at, subject);
    Instant last{-1'000'000};
    index.each_due(Instant::never(), [&](Instant at, const Subject& subject) {
      RC_ASSERT(at >= last);
      last = at;
      found.emplace(at, subject);
      return true;
    });
    RC_ASSERT(found == wanted);
    RC_ASSERT(index.next() == (wanted.empty() ? Instant::never() : wanted.begin()->first));
    RC_ASSERT(index.size() == wanted.size());
    RC_ASSERT(TimeIndex(index) == index);
  });
  EXPECT_TRUE(holds);
}

TEST(labels, the_last_of_a_name_counts_and_an_empty_one_is_none) {
  const Labels labels({{"job", "a"}, {"env", "x"}, {"job", "b"}, {"empty", ""}, {"gone", "1"}, {"gone", ""}});
  EXPECT_EQ(labels, Labels(std::vector<Labels::Pair>{{"env", "x"}, {"job", "b"}}));
  EXPECT_EQ(labels.get("job"), "b");
  EXPECT_EQ(labels.get("gone"), "");
}

TEST(labels, they_are_what_setting_one_after_the_other_gives) {
  const bool holds = rc::check([](const std::vector<std::pair<std::uint8_t, std::uint8_t>>& pairs) {
    std::vector<Labels::Pair> list;
    Labels set;
    for (const auto& [name, value] : pairs) {
      list.emplace_back("n" + std::to_string(name % 4), value % 3 == 0 ? "" : std::to_string(value));
      set.set(list.back().first, list.back().second);
    }
    RC_ASSERT(Labels(list) == set);
    Labels read;
    RC_ASSERT(from_canonical_text(canonical_text(set), read));
    RC_ASSERT(read == set);
  });
  EXPECT_TRUE(holds);
}

TEST(labels, their_text_is_a_selector) {
  EXPECT_EQ(Labels(std::vector<Labels::Pair>{{"__name__", "up"}, {"job", "a\"b"}}).text(), "up{job=\"a\\\"b\"}");
  EXPECT_EQ(Labels(std::vector<Labels::Pair>{{"__name__", "up"}}).text(), "up");
  EXPECT_EQ(Labels{}.text(), "{}");
}

TEST(codec, every_text_that_is_utf8_reads_back) {
  const bool holds = rc::check([](const std::vector<std::uint16_t>& codes) {
    std::string text;
    for (const std::uint16_t code : codes) {
      if (code < 0x80) text.push_back(static_cast<char>(code));
      else if (code < 0x800) text.append({static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))});
      else if (code < 0xD800 || code > 0xDFFF)
        text.append({static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 63)),
                     static_cast<char>(0x80 | (code & 63))});
    }
    std::string read;
    RC_ASSERT(from_canonical_text(canonical_text(text), read));
    RC_ASSERT(read == text);
  });
  EXPECT_TRUE(holds);
}

TEST(codec, integers_read_back_within_53_bits_and_their_type) {
  const bool holds = rc::check([](std::int64_t any) {
    const std::int64_t value = any % (json_integer_max + 1);
    std::int64_t read = 0;
    RC_ASSERT(from_canonical_text(canonical_text(value), read));
    RC_ASSERT(read == value);
    std::uint8_t small = 0;
    RC_ASSERT(from_canonical_text(canonical_text(value), small) == (value >= 0 && value <= 255));
  });
  EXPECT_TRUE(holds);
  std::int64_t read = 0;
  for (const char* const wrong :
       {"9007199254740992", "-9007199254740992", "-0", "01", "1.0", "1e3", "+1", "", " 1", "1 ", "\"1\""})
    EXPECT_FALSE(from_canonical_text(wrong, read)) << wrong;
}

TEST(codec, a_field_without_meaning_is_absent) {
  EXPECT_EQ(canonical_text(Entry{}), "{\"count\":0}");
  EXPECT_EQ(canonical_text(SetHold{}), "{}");
  EXPECT_EQ(canonical_text(Actor{}), "{\"kind\":\"caller\"}");
}

TEST(context, new_ids_differ_in_whatever_they_are_made_from) {
  const Limits limits;
  const Actor actor;
  std::set<std::string> ids;
  std::size_t made = 0;
  for (const char* const name : {"", "aa", "ab"}) {
    const Lineage lineage{name};
    for (Sequence sequence = 1; sequence <= 12; ++sequence)
      for (std::size_t first = 0; first < 12; ++first)
        for (const char* const kind : {"delivery", "deliver", "run"}) {
          ids.insert(Context{Instant{}, sequence, first, lineage, actor, limits}.new_id(kind));
          ++made;
        }
  }
  EXPECT_EQ(ids.size(), made);
  const Lineage lineage{"aa"};
  const Context context{Instant{1}, 5, 2, lineage, actor, limits};
  EXPECT_EQ(context.new_id("run"), (Context{Instant{9}, 5, 2, lineage, actor, limits}.new_id("run"))) << "time is no part of it";
  EXPECT_NE(context.new_id("run", 0), context.new_id("run", 1));
  EXPECT_EQ(context.new_id("run").size(), 32U);
}

}  // namespace
}  // namespace watchbill
