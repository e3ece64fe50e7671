// What a start and a follower say about a journal that is not as it was written, by name.
#include <gtest/gtest.h>

#include "engine/copied_journal.h"
#include "engine/desk.h"
#include "model/codec.h"
#include "model/configuration.h"

namespace watchbill::engine {
namespace {

SetHold hold(const std::string& scope) { return {"x", false, scope}; }

// Records 1 and 2 begin the epoch; 3 to 12 are holds a/3 to a/12.
void keep_holds(Desk& desk) {
  desk.start("watchbill 1.0");
  for (int i = 3; i <= 12; ++i) {
    desk.person(hold("a/" + std::to_string(i)));
    static_cast<void>(desk.step());
  }
}

std::string failure_of(ports::JournalPort& journal, const Limits& limits) {
  const auto recovered = recover_both_ways(journal, limits);
  return recovered ? "none" : recovered.error().text();
}

std::optional<Digest> recorded_digest(const StoredRecord& record) { return decode_events(*record.payload)->state; }

TEST(evidence, every_fourth_record_holds_the_digest_of_the_state_before_it) {
  Desk desk;
  desk.limits.digest_every_records = 4;
  keep_holds(desk);
  CopiedJournal journal(desk.disk);
  for (const StoredRecord& record : journal.records) {
    EXPECT_EQ(recorded_digest(record).has_value(), record.sequence % 4 == 0) << record.sequence;
    if (!recorded_digest(record)) continue;
    auto before = recover_both_ways(journal, desk.limits, RecoverFrom{false, record.sequence - 1});
    ASSERT_TRUE(before);
    EXPECT_EQ(core::digest_of(before->state), *recorded_digest(record)) << record.sequence;
  }
  const auto recovered = recover_both_ways(journal, desk.limits);
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->digests_compared, 3U);
}

TEST(evidence, another_state_than_the_recorded_one_is_a_defect_that_both_readers_name) {
  Desk desk;
  desk.limits.digest_every_records = 4;
  keep_holds(desk);
  CopiedJournal journal(desk.disk);
  const std::string recorded = recorded_digest(journal.records.at(7))->hex();
  const std::string other(64, 'a');
  ASSERT_TRUE(journal.rewrite(8, recorded, other));
  const auto recovered = recover_both_ways(journal, desk.limits);
  ASSERT_FALSE(recovered);
  EXPECT_EQ(recovered.error().fault, RecoveryFault::digest_differs);
  const std::string text = "record 8: the state before it has the digest " + recorded + ", the journal recorded " + other;
  EXPECT_EQ(recovered.error().text(), text);

  Follower follower(Recovered{}, journal, desk.limits, 1);
  follower.offer(journal.records);
  while (follower.run(3) > 0) {
  }
  ASSERT_TRUE(follower.failure());
  EXPECT_EQ(follower.failure()->text(), text);
  EXPECT_FALSE(follower.wait_for(8, Duration{})) << "nothing is shown from there on";
  EXPECT_TRUE(follower.wait_for(7, Duration{}));
  Digest unused;
  EXPECT_FALSE(follower.take_snapshot(unused)) << "a state that may be wrong is not kept";
}

TEST(evidence, a_digest_of_another_state_format_is_not_compared) {
  Desk desk;
  desk.limits.digest_every_records = 4;
  keep_holds(desk);
  CopiedJournal journal(desk.disk);
  const std::string ours = "\"state_format\":" + std::to_string(core::state_format);
  ASSERT_TRUE(journal.rewrite(2, ours, "\"state_format\":999"));
  const auto recovered = recover_both_ways(journal, desk.limits);
  ASSERT_TRUE(recovered) << recovered.error().text();
  EXPECT_EQ(recovered->digests_compared, 0U);
}

TEST(evidence, a_newer_journal_names_the_event_and_the_release_that_wrote_it) {
  Desk desk;
  keep_holds(desk);
  desk.start("watchbill 1.1");
  desk.person(hold("a/14"));
  static_cast<void>(desk.step());
  CopiedJournal journal(desk.disk);
  CopiedJournal renamed = journal;
  ASSERT_TRUE(journal.rewrite(14, R"("type":"HoldSet","version":1)", R"("type":"HoldSet","version":2)"));
  const auto recovered = recover_both_ways(journal, desk.limits);
  ASSERT_FALSE(recovered);
  EXPECT_EQ(recovered.error().fault, RecoveryFault::journal_newer);
  EXPECT_EQ(recovered.error().text(),
            "record 14: it holds event HoldSet version 2, which this release does not know; it was written by watchbill 1.1");
  ASSERT_TRUE(renamed.rewrite(14, "\"HoldSet\"", "\"HoldWished\""));
  EXPECT_EQ(failure_of(renamed, desk.limits),
            "record 14: it holds event HoldWished version 1, which this release does not know; it was written by watchbill 1.1");
}

TEST(evidence, a_release_that_begins_its_epoch_in_a_newer_way_is_named_too) {
  Desk desk;
  keep_holds(desk);
  desk.start("watchbill 2.0");
  static_cast<void>(desk.step());
  CopiedJournal journal(desk.disk);
  ASSERT_TRUE(journal.rewrite(13, R"("type":"EpochStarted","version":1)", R"("type":"EpochStarted","version":2)"));
  EXPECT_EQ(
      failure_of(journal, desk.limits),
      "record 13: it holds event EpochStarted version 2, which this release does not know; it was written by watchbill 2.0");
}

TEST(evidence, a_missing_record_is_named) {
  Desk desk;
  keep_holds(desk);
  CopiedJournal journal(desk.disk);
  journal.records.erase(journal.records.begin() + 4);
  EXPECT_EQ(failure_of(journal, desk.limits), "record 5: it is missing; record 6 follows record 4");
  const auto verified = verify_chain(journal);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().text(), "record 5: it is missing; record 6 follows record 4");

  CopiedJournal cut(desk.disk);
  const RecordHeader witness = *decode_header(cut.records.back().header);
  cut.records.pop_back();
  EXPECT_TRUE(verify_chain(cut)) << "nobody can tell";
  const auto witnessed = verify_chain(cut, std::span(&witness, 1));
  ASSERT_FALSE(witnessed);
  EXPECT_EQ(witnessed.error().text(), "record 12: it is missing");
}

TEST(evidence, an_erased_payload_that_no_base_covers_is_named) {
  Desk desk;
  keep_holds(desk);
  CopiedJournal journal(desk.disk);
  journal.records.at(4).payload.reset();
  EXPECT_EQ(failure_of(journal, desk.limits), "record 5: its payload was erased, and no base covers it");
}

TEST(evidence, a_blob_that_is_missing_or_damaged_is_named_with_its_record) {
  Desk desk;
  desk.start();
  const std::string bytes = canonical_text(Configuration{});
  const Digest digest = sha256(bytes);
  desk.offer(Command{AcceptConfig{digest}, Actor{ActorKind::caller, "ana", {"admin"}}, {}, {}, {bytes}});
  static_cast<void>(desk.step());
  CopiedJournal journal(desk.disk);
  EXPECT_EQ(failure_of(journal, desk.limits), "none");
  const std::string text = "record 3: the blob " + digest.hex() + " that it names is missing or damaged";
  journal.blobs.at(digest).push_back(' ');
  EXPECT_EQ(failure_of(journal, desk.limits), text);
  journal.blobs.clear();
  EXPECT_EQ(failure_of(journal, desk.limits), text);
}

std::vector<Sequence> differing(ports::JournalPort& journal, const Limits& limits) {
  const auto again = redecide(journal, limits, 20);
  if (!again) throw std::runtime_error(again.error().text());
  EXPECT_EQ(again->causes, 12U) << "a difference ends nothing";
  EXPECT_EQ(again->events, 12U);
  std::vector<Sequence> sequences;
  for (const auto& difference : again->differences) sequences.push_back(difference.sequence);
  return sequences;
}

TEST(evidence, what_is_decided_otherwise_now_is_listed_with_both_texts) {
  Desk desk;
  keep_holds(desk);
  CopiedJournal journal(desk.disk);
  EXPECT_EQ(differing(journal, desk.limits), std::vector<Sequence>());
  ASSERT_TRUE(journal.rewrite(5, R"("by":"ana")", R"("by":"bob")"));
  ASSERT_TRUE(journal.rewrite(9, R"("by":"ana")", R"("by":"eve")"));
  EXPECT_EQ(differing(journal, desk.limits), (std::vector<Sequence>{5, 9}));
  const auto first = redecide(journal, desk.limits, 1);
  ASSERT_TRUE(first);
  ASSERT_EQ(first->differences.size(), 1U);
  EXPECT_EQ(first->causes, 5U) << "as many as were asked for";
  EXPECT_EQ(first->differences[0].recorded, R"([{"by":"bob","reason":"x","scope":"a/5","type":"HoldSet","version":1}])");
  EXPECT_EQ(first->differences[0].decided, R"([{"by":"ana","reason":"x","scope":"a/5","type":"HoldSet","version":1}])");
}

TEST(evidence, the_same_events_in_other_bytes_are_no_difference) {
  Desk desk;
  keep_holds(desk);
  CopiedJournal journal(desk.disk);
  ASSERT_TRUE(journal.rewrite(5, R"("scope":"a/5","type":"HoldSet")", R"("restarts":"no","scope":"a/5","type":"HoldSet")"));
  EXPECT_EQ(differing(journal, desk.limits), std::vector<Sequence>());
}

TEST(evidence, what_cannot_be_decided_again_is_named) {
  Desk desk;
  keep_holds(desk);
  const auto failure = [&](CopiedJournal& journal) {
    const auto again = redecide(journal, desk.limits, 20);
    return again ? "none" : again.error().text();
  };
  CopiedJournal newer(desk.disk), erased(desk.disk), missing(desk.disk), unread(desk.disk);
  ASSERT_TRUE(newer.rewrite(8, R"("type":"HoldSet","version":1)", R"("type":"HoldSet","version":2)"));
  EXPECT_EQ(failure(newer), "record 8: it holds event HoldSet version 2, which this release does not know");
  ASSERT_TRUE(unread.rewrite(8, R"("type":"SetHold")", R"("type":"SetGrip")"));
  EXPECT_EQ(failure(unread), "record 8: it holds command SetGrip version 1, which this release does not know");
  erased.records.at(4).payload.reset();
  EXPECT_EQ(failure(erased), "record 5: its payload was erased");
  missing.records.erase(missing.records.begin() + 4);
  EXPECT_EQ(failure(missing), "record 5: it is missing; record 6 follows record 4");
}

Command asked(CommandBody body, std::vector<std::string> roles) {
  const Digest digest = sha256(canonical_body(body));
  return {std::move(body), Actor{ActorKind::caller, "ana", std::move(roles)}, Request{digest, "id-1"}, {}, {}};
}

std::string text_of(const core::Answer& answer) {
  return answer.refused ? std::string(word(answer.refused->reason)) + ": " + answer.refused->message : "done";
}

TEST(evidence, a_request_id_is_answered_the_same_after_a_restart) {
  for (const bool is_refused : {false, true}) {
    Desk desk;
    desk.start();
    const RequestNotification wanted{sha256("m"), DeliveryKind::step, "team", "x"};
    const Command command = asked(wanted, {is_refused ? "viewer" : "operator"});
    desk.offer(command);
    static_cast<void>(desk.step());
    desk.start();
    static_cast<void>(desk.step());
    const std::size_t records = desk.disk.records().size();
    desk.offer(command);
    static_cast<void>(desk.step());
    ASSERT_EQ(desk.answers.size(), 2U);
    const core::Answer& first = desk.answers[0];
    const core::Answer& again = desk.answers[1];
    EXPECT_FALSE(first.is_replayed);
    EXPECT_TRUE(again.is_replayed);
    EXPECT_EQ(again.sequence, first.sequence);
    EXPECT_EQ(again.subject, first.subject);
    EXPECT_EQ(first.subject.empty(), is_refused) << "the id of the delivery that was made";
    EXPECT_EQ(text_of(again), text_of(first));
    EXPECT_EQ(first.refused.has_value(), is_refused);
    EXPECT_EQ(desk.disk.records().size(), records) << "nothing happens twice";
  }
}

}  // namespace
}  // namespace watchbill::engine
