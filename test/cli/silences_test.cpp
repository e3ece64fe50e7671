// `silence`: what it asks the controller for, and what it says.
#include "cli/silences.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "cli/empty_world.h"

namespace watchbill::cli {
namespace {

constexpr const char* listed =
    R"([{"id":"5a3f0c2e-0000-4000-8000-000000000001","status":{"state":"active"},"endsAt":"2026-03-01T13:00:00.000Z",)"
    R"("createdBy":"ana","comment":"new disks","matchers":[{"name":"instance","value":"db1","isRegex":false,"isEqual":true},)"
    R"({"name":"job","value":"a|b","isRegex":true,"isEqual":false}]},)"
    R"({"id":"5a3f0c2e-0000-4000-8000-000000000002","status":{"state":"expired"},"endsAt":"2026-03-01T11:00:00.000Z",)"
    R"("createdBy":"bo","comment":"old","startsAt":"2026-03-01T10:00:00.000Z","matchers":[]}])";

// A controller that answers as it was told, and remembers what it was asked.
class Controller {
 public:
  Controller() {
    world_.world.served_urls = [](const std::string&) { return std::vector<std::string>(); };
    world_.world.call = [this](const ports::HttpCall& call) -> Result<ports::HttpAnswer, ports::HttpFailure> {
      const std::string path = call.url.substr(call.url.find("/api"));
      asked.push_back(call.method + " " + path + (call.body.empty() ? "" : " " + call.body));
      const auto found = answers.find(call.method + " " + path);
      ports::HttpAnswer answer;
      answer.status = found == answers.end() ? 404 : found->second.first;
      answer.body = found == answers.end() ? "\"nothing here\"" : found->second.second;
      return answer;
    };
  }

  using Verb = ExitCode (*)(Terminal&, World&, const ServerArguments&, const SilenceArguments&);
  // What is printed, and the exit code where it is not 0.
  std::string run(Verb verb, const SilenceArguments& arguments) {
    std::FILE* out = std::tmpfile();
    Terminal terminal(out, out, Format::table, false);
    ServerArguments server;
    server.server = "http://127.0.0.1:1";
    const ExitCode code = verb(terminal, world_.world, server, arguments);
    std::rewind(out);
    std::string text;
    for (int c = std::fgetc(out); c != EOF; c = std::fgetc(out)) text.push_back(static_cast<char>(c));
    std::fclose(out);
    return code == ExitCode::done ? text : text + "exit " + std::to_string(static_cast<int>(code));
  }

  std::map<std::string, std::pair<std::uint32_t, std::string>> answers{
      {"GET /api/v2/silences", {200, listed}},
      {"POST /api/v2/silences", {200, R"({"silenceID":"5a3f0c2e-0000-4000-8000-000000000003"})"}},
      {"DELETE /api/v2/silence/5a3f0c2e-0000-4000-8000-000000000001", {200, ""}}};
  std::vector<std::string> asked;

 private:
  EmptyWorld world_;
};

SilenceArguments adding() {
  SilenceArguments arguments;
  arguments.matchers = {"instance=db1", "job!~\"a|b\""};
  arguments.author = "ana";
  arguments.reason = "new disks";
  arguments.length = "2h";
  return arguments;
}

TEST(silence_verb, add_sends_what_was_asked_for_and_prints_the_id) {
  Controller controller;
  EXPECT_EQ(controller.run(silence_add, adding()), "5a3f0c2e-0000-4000-8000-000000000003\n");
  EXPECT_EQ(controller.asked,
            std::vector<std::string>{
                R"(POST /api/v2/silences {"matchers":[{"name":"instance","value":"db1","isRegex":false,"isEqual":true},)"
                R"({"name":"job","value":"a|b","isRegex":true,"isEqual":false}],"startsAt":"1970-01-01T00:00:00.000Z",)"
                R"("endsAt":"1970-01-01T02:00:00.000Z","createdBy":"ana","comment":"new disks"})"});
}

TEST(silence_verb, add_refuses_before_it_asks) {
  Controller controller;
  SilenceArguments arguments = adding();
  arguments.reason = "";
  EXPECT_NE(controller.run(silence_add, arguments).find("note_required"), std::string::npos);
  arguments = adding();
  arguments.length = "soon";
  EXPECT_NE(controller.run(silence_add, arguments).find("--for soon"), std::string::npos);
  arguments = adding();
  arguments.matchers.push_back("a=~(");
  EXPECT_NE(controller.run(silence_add, arguments).find("a=~("), std::string::npos);
  EXPECT_TRUE(controller.asked.empty());
}

TEST(silence_verb, says_what_the_controller_refuses) {
  Controller controller;
  controller.answers["POST /api/v2/silences"] = {400, "\"end time can't be in the past\""};
  EXPECT_EQ(controller.run(silence_add, adding()), "watchbill: end time can't be in the past\nexit 2");
}

TEST(silence_verb, list_shows_those_in_force_and_all_when_asked) {
  Controller controller;
  SilenceArguments arguments;
  const std::string text = controller.run(silence_list, arguments);
  EXPECT_NE(text.find("instance=\"db1\" job!~\"a|b\""), std::string::npos) << text;
  EXPECT_EQ(text.find("old"), std::string::npos) << text;
  arguments.with_expired = true;
  EXPECT_NE(controller.run(silence_list, arguments).find("old"), std::string::npos);
  controller.answers["GET /api/v2/silences"] = {200, "[]"};
  EXPECT_EQ(controller.run(silence_list, arguments), "nothing is silenced\n");
}

TEST(silence_verb, expire_takes_the_beginning_of_an_id) {
  Controller controller;
  SilenceArguments arguments;
  arguments.id = "5a3f";
  EXPECT_EQ(controller.run(silence_expire, arguments), "5a3f0c2e-0000-4000-8000-000000000001 mutes nothing any more\n");
  EXPECT_EQ(controller.asked.back(), "DELETE /api/v2/silence/5a3f0c2e-0000-4000-8000-000000000001");
  arguments.id = "77";
  EXPECT_NE(controller.run(silence_expire, arguments).find("unknown_silence"), std::string::npos);
}

TEST(silence_verb, import_adds_those_that_have_not_ended_and_names_the_first_that_is_refused) {
  std::string pattern = (std::filesystem::temp_directory_path() / "wb-silences-XXXXXX").string();
  const std::string folder = ::mkdtemp(pattern.data());
  SilenceArguments arguments;
  arguments.file = folder + "/silences.json";
  std::ofstream(arguments.file) << listed;
  Controller controller;
  EXPECT_EQ(controller.run(silence_import, arguments), "5a3f0c2e-0000-4000-8000-000000000003\n1 of 2 silences added\n");
  EXPECT_EQ(controller.asked.size(), 1U);
  controller.answers["POST /api/v2/silences"] = {400, "\"no\""};
  EXPECT_NE(controller.run(silence_import, arguments).find("silence 1 of "), std::string::npos);
  std::ofstream(arguments.file) << "{}";
  EXPECT_NE(controller.run(silence_import, arguments).find("expected a JSON list"), std::string::npos);
  arguments.file = folder + "/none";
  EXPECT_NE(controller.run(silence_import, arguments).find("exit 2"), std::string::npos);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace watchbill::cli
