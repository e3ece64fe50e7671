// Files and links: what a crash leaves, what is put back, what is refused.
#include <sys/stat.h>

#include <filesystem>

#include "action/bench.h"
#include "base/sha256.h"

namespace watchbill::drivers::action {
namespace {

ino_t inode(const std::string& path) {
  struct stat status {};
  ::lstat(path.c_str(), &status);
  return status.st_ino;
}

RunAction undo_of(const RunAction& action, PlanValues former) {
  RunAction undo = action;
  undo.action.args = {{"path", action.action.args.at("path")}, {"state", "former"}};
  undo.direction = Direction::undo;
  undo.effect_id = EffectId{std::string(32, 'b')};
  undo.original = action.effect_id;
  undo.former = std::move(former);
  return undo;
}

LookAction look_at(const RunAction& action) { return LookAction{action.place, {action.action}, {}, std::nullopt, action.until}; }

TEST(placed_files, a_file_gets_its_content_and_is_put_back_with_its_mode) {
  Bench bench;
  bench.data.write("app.conf", "old\n");
  ::chmod(bench.data.at("app.conf").c_str(), 0640);
  const RunAction action = bench.action(ActionKind::file, {{"path", "app.conf"}, {"content", "new\n"}});
  bench.begin(look_at(action), "run-1/look/1");
  const PlanValues former = bench.last<NoteLook>().former;
  EXPECT_EQ(text_of(former, "digest"), sha256("old\n").hex());
  EXPECT_EQ(text_of(former, "mode"), "0640");
  bench.begin(action);
  EXPECT_EQ(bench.last<NoteOutcome>().outcome, EffectOutcome::succeeded);
  EXPECT_EQ(bench.data.read("app.conf"), "new\n");
  EXPECT_EQ(bench.data.read("originals/" + action.effect_id.text), "old\n");
  const RunAction undo = undo_of(action, former);
  bench.begin(undo);
  EXPECT_EQ(bench.last<NoteOutcome>().outcome, EffectOutcome::succeeded) << bench.last<NoteOutcome>().reason;
  EXPECT_EQ(bench.data.read("app.conf"), "old\n");
  bench.begin(ObserveUndo{undo.place, {undo.action}, former, {}, undo.until}, "run-1/ask/1");
  EXPECT_TRUE(bench.last<NoteUndoSeen>().seen);
}

TEST(placed_files, the_same_effect_twice_touches_nothing_the_second_time) {
  Bench bench;
  const RunAction action = bench.action(ActionKind::file, {{"path", "marker"}, {"content", "x"}, {"mode", "0600"}});
  bench.begin(action);
  const ino_t first = inode(bench.data.at("marker"));
  RunAction again = action;
  again.attempt = 2;
  bench.begin(again);
  EXPECT_EQ(bench.last<NoteOutcome>().attempt, 2U);
  bench.restart();
  bench.begin(again);
  EXPECT_EQ(bench.last<NoteOutcome>().outcome, EffectOutcome::succeeded);
  EXPECT_EQ(inode(bench.data.at("marker")), first);
}

// Every state of the disk that a crash between two of the calls can leave, and the same effect again.
TEST(placed_files, a_crash_at_any_point_leaves_the_old_or_the_new_file_and_the_first_original) {
  for (int reached = 0; reached < 4; ++reached) {
    Bench bench;
    bench.data.write("app.conf", "old");
    const RunAction action = bench.action(ActionKind::file, {{"path", "app.conf"}, {"content", "new"}});
    const std::string temporary = ".watchbill-" + action.effect_id.text;
    std::filesystem::create_directory(bench.data.at("originals"));
    if (reached >= 1) bench.data.write("originals/" + action.effect_id.text + ".new", "ol");
    if (reached >= 2) bench.data.write("originals/" + action.effect_id.text, "old");
    if (reached >= 3) bench.data.write(temporary, "ne");
    bench.begin(action);
    EXPECT_EQ(bench.last<NoteOutcome>().outcome, EffectOutcome::succeeded) << reached << bench.last<NoteOutcome>().reason;
    EXPECT_EQ(bench.data.read("app.conf"), "new");
    EXPECT_EQ(bench.data.read("originals/" + action.effect_id.text), "old");
    EXPECT_FALSE(bench.data.has(temporary));
  }
}

TEST(placed_files, an_unknown_outcome_is_read_from_what_is_there) {
  Bench bench;
  bench.data.write("app.conf", "old");
  const RunAction action = bench.action(ActionKind::file, {{"path", "app.conf"}, {"content", "new"}});
  bench.begin(look_at(action), "run-1/look/1");
  ProbeAction probe;
  probe.place = action.place;
  probe.effect_id = action.effect_id;
  probe.action = action.action;
  probe.former = bench.last<NoteLook>().former;
  probe.interval = Duration::seconds(5);
  bench.begin(probe, "run-1/probe/1");
  EXPECT_EQ(bench.last<NoteProbe>().finding, ProbeFinding::absent);
  bench.data.write("app.conf", "new");
  bench.begin(probe, "run-1/probe/2");
  EXPECT_EQ(bench.last<NoteProbe>().finding, ProbeFinding::done);
  // Half done, or somebody else's: nothing is told, and it is looked at again.
  bench.data.write("app.conf", "neither");
  const std::size_t told = bench.offered.size();
  bench.begin(probe, "run-1/probe/3");
  bench.settle(Duration::seconds(30));
  EXPECT_EQ(bench.offered.size(), told);
  bench.data.write("app.conf", "new");
  bench.settle(Duration::seconds(5));
  EXPECT_EQ(bench.last<NoteProbe>().finding, ProbeFinding::done);
}

TEST(placed_files, what_was_absent_is_removed_again) {
  Bench bench;
  const RunAction action = bench.action(ActionKind::file, {{"path", "marker"}, {"content", "x"}});
  bench.begin(look_at(action), "run-1/look/1");
  const PlanValues former = bench.last<NoteLook>().former;
  EXPECT_EQ(former, (PlanValues{{"absent", "yes"}}));
  bench.begin(action);
  EXPECT_TRUE(bench.data.has("marker"));
  const RunAction undo = undo_of(action, former);
  bench.begin(undo);
  EXPECT_FALSE(bench.data.has("marker"));
  bench.restart();
  bench.begin(undo);  // right when there is nothing to take back
  EXPECT_EQ(bench.last<NoteOutcome>().outcome, EffectOutcome::succeeded);
}

TEST(placed_files, a_link_is_changed_whole_and_put_back) {
  Bench bench;
  std::filesystem::create_symlink("releases/1", bench.data.at("current"));
  const RunAction action = bench.action(ActionKind::symlink, {{"path", "current"}, {"to", "releases/2"}});
  bench.begin(look_at(action), "run-1/look/1");
  const PlanValues former = bench.last<NoteLook>().former;
  EXPECT_EQ(text_of(former, "to"), "releases/1");
  bench.data.write(".watchbill-" + action.effect_id.text, "left by a crash");
  bench.begin(action);
  EXPECT_EQ(std::filesystem::read_symlink(bench.data.at("current")), "releases/2");
  bench.begin(undo_of(action, former));
  EXPECT_EQ(std::filesystem::read_symlink(bench.data.at("current")), "releases/1");
}

TEST(placed_files, what_could_not_be_put_back_is_refused_before_it_is_changed) {
  Bench bench;
  std::filesystem::create_directory(bench.data.at("folder"));
  RunAction action = bench.action(ActionKind::file, {{"path", "folder"}, {"content", "x"}});
  bench.begin(look_at(action), "run-1/look/1");
  EXPECT_TRUE(bench.last<NoteLook>().reason.starts_with("not_a_regular_file")) << bench.last<NoteLook>().reason;
  bench.begin(action);
  EXPECT_EQ(bench.last<NoteOutcome>().outcome, EffectOutcome::failed);
  EXPECT_TRUE(std::filesystem::is_directory(bench.data.at("folder")));
  bench.data.write("large", "");
  std::filesystem::resize_file(bench.data.at("large"), original_bytes_max + 1);
  action.action.args["path"] = "large";
  bench.begin(look_at(action), "run-1/look/2");
  EXPECT_TRUE(bench.last<NoteLook>().reason.starts_with("original_too_large")) << bench.last<NoteLook>().reason;
}

TEST(placed_files, an_original_that_is_gone_or_altered_is_not_put_back) {
  Bench bench;
  bench.data.write("app.conf", "old");
  const RunAction action = bench.action(ActionKind::file, {{"path", "app.conf"}, {"content", "new"}});
  bench.begin(look_at(action), "run-1/look/1");
  const PlanValues former = bench.last<NoteLook>().former;
  bench.begin(action);
  bench.data.write("originals/" + action.effect_id.text, "olD");
  bench.begin(undo_of(action, former));
  EXPECT_TRUE(bench.last<NoteOutcome>().reason.starts_with("original_missing")) << bench.last<NoteOutcome>().reason;
  EXPECT_EQ(bench.data.read("app.conf"), "new");
}

TEST(placed_files, a_file_in_a_folder_that_is_not_there_fails_with_the_reason) {
  Bench bench;
  bench.begin(bench.action(ActionKind::file, {{"path", "no/such/place"}, {"content", "x"}}));
  EXPECT_EQ(bench.last<NoteOutcome>().outcome, EffectOutcome::failed);
  EXPECT_TRUE(bench.last<NoteOutcome>().reason.starts_with("not_found")) << bench.last<NoteOutcome>().reason;
}

}  // namespace
}  // namespace watchbill::drivers::action
