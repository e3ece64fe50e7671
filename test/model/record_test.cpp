// The header to the byte, and the chain: whatever is changed in a record is found.
#include "model/record.h"

#include <gtest/gtest.h>

namespace watchbill {
namespace {

constexpr const char* header_text =
    "watchbill/record/1 42 1772366400000 3 2 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 "
    "00000000000000000000000000000000000000000000000000000000000000ff\n";

RecordHeader header() {
  RecordHeader out{42, Instant{1'772'366'400'000}, 3, 2, sha256(""), {}};
  out.previous.bytes[31] = 0xFF;
  return out;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) ADD_FAILURE() << from << " is not in " << text;
  else text.replace(at, from.size(), to);
  return text;
}

TEST(record, a_header_is_one_line_of_seven_words) {
  EXPECT_EQ(encode_header(header()), header_text);
  EXPECT_EQ(decode_header(header_text), header());
}

TEST(record, the_longest_header_keeps_its_bound) {
  constexpr auto most = static_cast<std::uint64_t>(json_integer_max);
  const RecordHeader longest{most, Instant{json_integer_max}, most, most, sha256(""), sha256("")};
  EXPECT_LE(encode_header(longest).size(), 256U);
  EXPECT_EQ(decode_header(encode_header(longest)), longest);
}

TEST(record, every_other_way_to_write_a_header_is_refused) {
  const std::string good = header_text;
  const std::vector<std::string> wrong{"",
                                       "\n",
                                       good.substr(0, good.size() - 1),
                                       good + "\n",
                                       good + "x",
                                       " " + good,
                                       replaced(good, "\n", "\r\n"),
                                       replaced(good, "\n", " \n"),
                                       replaced(good, "record/1 ", "record/2 "),
                                       replaced(good, "watchbill", "Watchbill"),
                                       replaced(good, "record/1 ", "record/1  "),
                                       replaced(good, " 42 ", " 042 "),
                                       replaced(good, " 42 ", " +42 "),
                                       replaced(good, " 42 ", " -42 "),
                                       replaced(good, " 42 ", " 0 "),
                                       replaced(good, " 42 ", " 4e1 "),
                                       replaced(good, " 42 ", "  "),
                                       replaced(good, " 42 ", "\t42 "),
                                       replaced(good, " 42 ", " 9007199254740992 "),
                                       replaced(good, " 42 ", " 18446744073709551616 "),
                                       replaced(good, " 1772366400000 ", " 01772366400000 "),
                                       replaced(good, " 1772366400000 ", " -1 "),
                                       replaced(good, " 1772366400000 ", " -0 "),
                                       replaced(good, " 1772366400000 ", " 9007199254740992 "),
                                       replaced(good, " 3 2 ", " 03 2 "),
                                       replaced(good, " 3 2 ", " 3 02 "),
                                       replaced(good, " 3 2 ", " 3 0 "),
                                       replaced(good, " 3 2 ", " 3 2  "),
                                       replaced(good, " 3 2 ", " 3 "),
                                       replaced(good, "e3b0", "E3b0"),
                                       replaced(good, "e3b0", "g3b0"),
                                       replaced(good, "e3b0", "e3b"),
                                       replaced(good, "e3b0", "e3b00"),
                                       replaced(good, "00ff", "00FF"),
                                       replaced(good, "00ff", "ff")};
  for (const std::string& line : wrong) EXPECT_FALSE(decode_header(line)) << line;
}

// Two records that belong together: the head after the first, and the second.
struct Chain {
  ChainHead head;
  StoredRecord next;
};

StoredRecord stored(const RecordHeader& with, std::string payload) {
  RecordHeader sealed = with;
  sealed.payload = sha256(payload);
  return StoredRecord{with.sequence, encode_header(sealed), std::move(payload)};
}

Chain chain() {
  const StoredRecord first = stored(RecordHeader{1, Instant{1000}, 4, 1, {}, {}}, "{}");
  const auto head = continue_chain(ChainHead{}, first);
  if (!head) throw std::runtime_error(head.error().what);
  return {*head, stored(RecordHeader{2, Instant{2000}, 4, 1, {}, first.hash()}, R"({"events":[]})")};
}

TEST(record, a_record_that_follows_moves_the_head) {
  const Chain two = chain();
  const auto head = continue_chain(two.head, two.next);
  ASSERT_TRUE(head);
  EXPECT_EQ(*head, (ChainHead{2, two.next.hash(), Instant{2000}, 4, 1}));
}

TEST(record, every_flipped_bit_of_a_payload_is_found) {
  const Chain two = chain();
  for (std::size_t bit = 0; bit < two.next.payload->size() * 8; ++bit) {
    StoredRecord changed = two.next;
    (*changed.payload)[bit / 8] = static_cast<char>((*changed.payload)[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(continue_chain(two.head, changed)) << "bit " << bit;
  }
}

// Time, epoch and segment of the last header are bound by nothing but the next record: there a flipped bit must show.
TEST(record, every_flipped_bit_of_a_header_is_found_by_the_record_after_it_at_the_latest) {
  const Chain two = chain();
  const auto after_good = continue_chain(two.head, two.next);
  ASSERT_TRUE(after_good);
  const StoredRecord third = stored(RecordHeader{3, Instant{3000}, 4, 1, {}, two.next.hash()}, "{}");
  ASSERT_TRUE(continue_chain(*after_good, third));
  for (std::size_t bit = 0; bit < two.next.header.size() * 8; ++bit) {
    StoredRecord changed = two.next;
    changed.header[bit / 8] = static_cast<char>(changed.header[bit / 8] ^ (1 << bit % 8));
    const auto head = continue_chain(two.head, changed);
    EXPECT_TRUE(!head || !continue_chain(*head, third)) << "bit " << bit;
  }
}

TEST(record, what_does_not_continue_the_chain_is_named) {
  const Chain two = chain();
  const RecordHeader good = *decode_header(two.next.header);
  const auto what = [&](RecordHeader changed) {
    const auto head = continue_chain(two.head, stored(changed, *two.next.payload));
    return head ? std::string("accepted") : head.error().what;
  };
  const auto with = [&](auto change) {
    RecordHeader changed = good;
    change(changed);
    return what(changed);
  };
  EXPECT_EQ(what(good), "accepted");
  EXPECT_EQ(with([](RecordHeader& h) { h.sequence = 3; }), "it is missing; record 3 follows record 1");
  EXPECT_EQ(with([](RecordHeader& h) { h.previous = Digest{}; }), "it does not continue the record before it");
  EXPECT_EQ(with([](RecordHeader& h) { h.epoch = 3; }), "its epoch is lower than the one before");
  EXPECT_EQ(with([](RecordHeader& h) { h.segment = 3; }), "its segment does not follow");
  EXPECT_EQ(with([](RecordHeader& h) { h.time = Instant{999}; }), "its time is before that of the record before it");
  EXPECT_EQ(with([](RecordHeader& h) { h.time = Instant{1000}; }), "accepted");
  EXPECT_EQ(with([](RecordHeader& h) { h.segment = 2; }), "accepted");
  EXPECT_EQ(with([](RecordHeader& h) { h.epoch = 5; }), "accepted");
  StoredRecord wrong_row = two.next;
  wrong_row.sequence = 7;
  EXPECT_EQ(continue_chain(two.head, wrong_row).error().what, "it is numbered 2 in row 7");
  StoredRecord erased = two.next;
  erased.payload.reset();
  EXPECT_TRUE(continue_chain(two.head, erased)) << "the chain covers the digest of a payload, not the payload";
}

TEST(record, a_journal_begins_with_record_one_of_segment_one) {
  EXPECT_FALSE(continue_chain(ChainHead{}, stored(RecordHeader{2, Instant{1}, 0, 1, {}, {}}, "{}")));
  EXPECT_FALSE(continue_chain(ChainHead{}, stored(RecordHeader{1, Instant{1}, 0, 2, {}, {}}, "{}")));
  EXPECT_FALSE(continue_chain(ChainHead{}, stored(RecordHeader{1, Instant{1}, 0, 1, {}, sha256("x")}, "{}")));
}

RecordBody body() {
  RecordBody out;
  out.nonce = "00112233445566778899aabbccddeeff";
  out.cause = Command{SetHold{"disks", false, "all"},
                      Actor{ActorKind::caller, "ana", {"operator"}},
                      Request{sha256("b"), "req-1"},
                      std::nullopt,
                      {}};
  out.events.push_back({HoldSet{"ana", "disks", false, "all"}, std::nullopt});
  out.events.push_back({ClockJumped{Duration{5}, Instant{6}}, 0});
  out.pending.push_back(Command{ReleaseHold{"x", "all"}, engine_actor("clock"), std::nullopt, EventReference{9, 1}, {}});
  out.state = sha256("state");
  return out;
}

TEST(record, a_payload_reads_back_whole_and_without_its_cause) {
  const std::string text = encode_payload(body());
  const auto whole = decode_payload(text);
  ASSERT_TRUE(whole);
  EXPECT_EQ(encode_payload(*whole), text);
  const auto events = decode_events(text);
  ASSERT_TRUE(events);
  EXPECT_EQ(events->caller, "ana");
  EXPECT_EQ(events->request->id, "req-1");
  EXPECT_EQ(events->events.size(), 2U);
  EXPECT_EQ(events->pending.size(), 1U);
  EXPECT_EQ(events->state, sha256("state"));
}

TEST(record, a_payload_reads_back_with_its_events_as_they_stand_there) {
  const std::string text = encode_payload(body());
  const auto read = decode_record_cause(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(canonical_body(read->cause.body), canonical_body(body().cause.body));
  EXPECT_EQ(read->cause.request->id, "req-1");
  EXPECT_TRUE(read->events.starts_with(R"([{"by":"ana")")) << read->events;
  EXPECT_TRUE(read->events.ends_with(R"("type":"ClockJumped","version":1,"wall_ms":6}])")) << read->events;
  EXPECT_EQ(read->pending.size(), 1U);
  EXPECT_EQ(read->state, sha256("state"));
}

TEST(record, a_payload_cut_short_anywhere_is_malformed) {
  const std::string text = encode_payload(body());
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto whole = decode_payload(std::string_view(text).substr(0, size));
    ASSERT_FALSE(whole) << size;
    EXPECT_FALSE(whole.error().is_newer) << size;
    EXPECT_FALSE(decode_events(std::string_view(text).substr(0, size))) << size;
    EXPECT_FALSE(decode_record_cause(std::string_view(text).substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_payload(text + " "));
}

TEST(record, a_member_that_this_build_does_not_know_is_newer) {
  const std::string text = replaced(encode_payload(body()), "\"nonce\"", "\"later\":1,\"nonce\"");
  const auto read = decode_payload(text);
  ASSERT_FALSE(read);
  EXPECT_TRUE(read.error().is_newer);
  EXPECT_EQ(read.error().what, "payload member \"later\"");
}

TEST(record, an_event_follows_only_from_one_before_it) {
  EXPECT_FALSE(decode_payload(replaced(encode_payload(body()), "\"after\":0", "\"after\":1")));
}

}  // namespace
}  // namespace watchbill
