#include "agent/house.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/sha256.h"

namespace watchbill::agent_test {

using serve_test::eventually;

namespace {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

std::string RecordedFact::text(const std::string& name) const {
  const JsonValue* member = fields.find(name);
  return member != nullptr && member->as_string() != nullptr ? *member->as_string() : "";
}

std::int64_t RecordedFact::number(const std::string& name) const {
  const JsonValue* member = fields.find(name);
  return member != nullptr && member->as_integer() != nullptr ? *member->as_integer() : -1;
}

House::~House() {
  if (const pid_t keeper = keeper_pid(); keeper > 0) kill(keeper, SIGKILL);
  // What a keeper starts carries the name that follows from its directory.
  std::error_code error;
  const std::string absolute = std::filesystem::canonical(data(), error).string();
  const std::string marker = "WATCHBILL_KEEPER=" + sha256(absolute).hex().substr(0, 24);
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid > 0 && read_file(entry.path() / "environ").find(marker) != std::string::npos) kill(pid, SIGKILL);
  }
}

void House::write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }

void House::write_bill(const std::string& text) const {
  write("watchbill.yaml", "watchbill: 1\nsupervisor: {namespace: test}\n" + text);
}

std::vector<RecordedFact> House::facts(const std::string& type, const std::string& workload) const {
  const serve_test::Ended exported = serve_test::run_program({"journal", "export", "--data", data()});
  std::vector<RecordedFact> facts;
  std::istringstream lines(exported.out);
  for (std::string line; std::getline(lines, line);) {
    const auto record = parse_json(line);
    const JsonValue* payload = record ? record->find("payload") : nullptr;
    const auto body = parse_json(payload != nullptr ? *payload->as_string() : "{}");
    const JsonValue* events = body ? body->find("events") : nullptr;
    if (events == nullptr) continue;
    const std::string& header = *record->find("header")->as_string();
    for (const JsonValue& event : *events->as_array()) {
      RecordedFact fact{std::strtoull(header.c_str() + sizeof "watchbill/record/1", nullptr, 10), {}, event};
      fact.type = fact.text("type");
      if (fact.type == type && (workload.empty() || fact.text("workload") == workload)) facts.push_back(std::move(fact));
    }
  }
  return facts;
}

std::string House::state_of(const std::string& workload) const {
  const auto changes = facts("WorkloadStateChanged", workload);
  return changes.empty() ? "" : changes.back().text("to");
}

pid_t House::pid_of(const std::string& workload) const {
  const auto starts = facts("WorkloadStarted", workload);
  return starts.empty() ? 0 : static_cast<pid_t>(starts.back().number("pid"));
}

bool House::sees(const std::string& type, std::size_t count, const std::string& workload) const {
  return eventually([&] { return facts(type, workload).size() >= count; });
}

bool House::becomes(const std::string& workload, const std::string& state) const {
  return eventually([&] { return state_of(workload) == state; });
}

pid_t House::keeper_pid() const {
  const int directory = open(data().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/keeper.sock", directory);
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool is_there = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  close(fd);
  close(directory);
  return is_there ? peer.pid : 0;
}

std::string House::log(const std::string& workload) const { return read_file(data() + "/logs/" + workload + ".log"); }

bool is_alive(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t at = stat.rfind(") ");
  return at != std::string::npos && stat[at + 2] != 'Z';
}

std::string user_line() {
  const passwd* entry = getpwuid(geteuid());
  return entry == nullptr ? "" : std::string("    user: ") + entry->pw_name + "\n";
}

}  // namespace watchbill::agent_test
