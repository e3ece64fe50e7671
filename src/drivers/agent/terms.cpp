#include "drivers/agent/terms.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "drivers/agent/accounts.h"

namespace watchbill::drivers::agent {

namespace wire = model::wire;

static_assert(static_cast<int>(RestartPolicy::never) == static_cast<int>(wire::RestartPolicy::never));
static_assert(static_cast<int>(Heartbeat::file) == static_cast<int>(wire::Heartbeat::file));
static_assert(static_cast<int>(HangAction::alert) == static_cast<int>(wire::HangAction::alert));
static_assert(static_cast<int>(LeaderExit::wait_group) == static_cast<int>(wire::LeaderExit::wait_group));

namespace {

constexpr std::size_t environment_file_bytes_max = 64U << 10;
constexpr const char* path_default = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

bool is_variable_name(std::string_view name) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  return !name.empty() && name.find_first_not_of(allowed) == std::string_view::npos && (name[0] < '0' || name[0] > '9');
}

Result<std::string, TermsProblem> read_environment_file(const std::string& path) {
  const auto unreadable = [&path](const char* why) {
    return TermsProblem{"environment_file_unreadable", path + ": " + why};
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (file == nullptr) return unreadable(std::strerror(errno));
  std::string text(environment_file_bytes_max + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return unreadable("it cannot be read");
  if (text.size() > environment_file_bytes_max) return unreadable("it is larger than 64 KiB");
  return text;
}

void add_account(const ResolvedAccount& resolved, Texts& texts, wire::Program& program) {
  wire::Account& account = program.account.emplace();
  account.name = texts.keep(resolved.name);
  account.uid = resolved.uid;
  account.gid = resolved.gid;
  for (const std::uint32_t group : resolved.groups) (void)account.groups.add(group);
}

Result<std::map<std::string, std::string>, TermsProblem> environment_of(const ProgramDescription& description,
                                                                       const std::string& account, const std::string& home) {
  std::map<std::string, std::string> environment{{"HOME", home}, {"LANG", "C.UTF-8"}, {"PATH", path_default}};
  if (description.is_effect) {
    environment["TZ"] = "UTC";
    if (!account.empty()) environment["USER"] = environment["LOGNAME"] = account;
  }
  for (const auto& [name, value] : description.environment) environment[name] = value;
  if (description.environment_file.empty()) return environment;
  const auto text = read_environment_file(description.environment_file);
  if (!text) return text.error();
  auto more = parse_environment(*text);
  if (!more) return TermsProblem{more.error().reason, description.environment_file + ": " + more.error().detail};
  for (auto& [name, value] : *more) environment[name] = std::move(value);
  return environment;
}

wire::RestartTerms restart_terms(const CarryOutOrder& order) {
  const RestartConfiguration& restart = order.configuration.restart;
  wire::RestartTerms terms;
  terms.policy = order.is_suspended ? wire::RestartPolicy::never : static_cast<wire::RestartPolicy>(restart.policy);
  terms.limit.reset();
  if (!restart.is_unlimited) terms.limit = wire::LimitTerms{restart.limit, restart.window};
  terms.initial = restart.initial;
  terms.max = restart.max;
  terms.reset_after = restart.reset_after;
  terms.factor_millionths = restart.factor_millionths;
  terms.jitter_millionths = restart.jitter_millionths;
  return terms;
}

wire::Stability stability_of(const WorkloadConfiguration& configuration) {
  if (!configuration.ready) return wire::Stability::running;
  return configuration.ready->kind == ProbeKind::notify ? wire::Stability::notify : wire::Stability::told;
}

Result<wire::StopTerms, TermsProblem> stop_terms(const StopConfiguration& stop, Texts& texts) {
  wire::StopTerms terms;
  terms.signal = stop.signal;
  terms.grace = stop.grace;
  terms.kill_grace = stop.kill_grace;
  terms.pre_stop_timeout = stop.pre_stop_timeout;
  const auto pre_stop = texts.pack(stop.pre_stop);
  if (!pre_stop) return pre_stop.error();
  const auto post_stop = texts.pack(stop.post_stop);
  if (!post_stop) return post_stop.error();
  terms.pre_stop = *pre_stop;
  terms.post_stop = *post_stop;
  return terms;
}

// The process that stands for a unit. Units are changed by root; a keeper of another account asks systemd under its own, and may
// be refused.
ProgramDescription attendant_of(const WorkloadConfiguration& configuration, const std::string& unit_program) {
  ProgramDescription description;
  description.command = {unit_program, configuration.unit};
  description.directory = "/";
  if (geteuid() == 0) description.user = "root";
  return description;
}

ProgramDescription program_of(const WorkloadConfiguration& configuration, const std::string& unit_program) {
  if (!configuration.unit.empty()) return attendant_of(configuration, unit_program);
  ProgramDescription description;
  description.command = configuration.command;
  description.environment = configuration.environment;
  description.environment_file = configuration.environment_file;
  description.directory = configuration.directory;
  description.user = configuration.user;
  description.umask = configuration.umask;
  description.open_files = configuration.open_files;
  description.may_gain_privileges = configuration.may_gain_privileges;
  return description;
}

}  // namespace

Result<wire::TextList, TermsProblem> Texts::pack(const std::vector<std::string>& list) {
  std::string packed;
  for (const std::string& text : list)
    if (!wire::TextList::append(packed, text)) return TermsProblem{"invalid_order", "a text holds a NUL"};
  return wire::TextList{keep(std::move(packed))};
}

Result<std::map<std::string, std::string>, TermsProblem> parse_environment(std::string_view text) {
  std::map<std::string, std::string> environment;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    const std::size_t equals = line.find('=');
    const std::string_view name = trimmed(line.substr(0, equals));
    const bool is_right = equals != std::string_view::npos && is_variable_name(name) && line.find('\0') == std::string_view::npos;
    if (!is_right)
      return TermsProblem{"environment_file_invalid", "line " + std::to_string(number) + " is not KEY=value"};
    std::string_view value = trimmed(line.substr(equals + 1));
    const bool is_quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.front() == value.back();
    if (is_quoted) value = value.substr(1, value.size() - 2);
    environment[std::string(name)] = std::string(value);
  }
  return environment;
}

Result<wire::Program, TermsProblem> make_program(const ProgramDescription& description, Texts& texts) {
  wire::Program program;
  std::string home, account;
  if (description.user.empty()) {
    home = own_home();
  } else {
    const auto resolved = resolve_account(description.user);
    if (!resolved) return TermsProblem{resolved.error().reason, resolved.error().detail};
    add_account(*resolved, texts, program);
    home = resolved->home;
    account = resolved->name;
  }
  const auto environment = environment_of(description, account, home);
  if (!environment) return environment.error();
  std::vector<std::string> entries;
  for (const auto& [name, value] : *environment) entries.push_back(name + "=" + value);
  const auto argv = texts.pack(description.command);
  if (!argv) return argv.error();
  const auto packed = texts.pack(entries);
  if (!packed) return packed.error();
  program.argv = *argv;
  program.environment = *packed;
  program.directory = texts.keep(description.directory);
  program.umask = description.umask;
  program.open_files = description.open_files;
  program.no_new_privileges = !description.may_gain_privileges;
  return program;
}

Result<OrderTerms, TermsProblem> make_terms(const CarryOutOrder& order, const std::string& unit_program) {
  const WorkloadConfiguration& configuration = order.configuration;
  OrderTerms terms;
  wire::StandingOrder& standing = terms.give.order;
  standing.name = terms.texts.keep(order.workload);
  standing.workload_namespace = terms.texts.keep(order.name_space);
  standing.order_id = terms.texts.keep(order.terms.hex());
  const auto program = make_program(program_of(configuration, unit_program), terms.texts);
  if (!program) return program.error();
  standing.program = *program;
  for (const std::int32_t code : configuration.success_exit_codes) (void)standing.success_exit_codes.add(code);
  standing.restart = restart_terms(order);
  if (configuration.hang) {
    wire::HangTerms& hang = standing.hang.emplace();
    hang.heartbeat = static_cast<wire::Heartbeat>(configuration.hang->heartbeat);
    hang.action = static_cast<wire::HangAction>(configuration.hang->action);
    hang.file = terms.texts.keep(configuration.hang->file);
    hang.timeout = configuration.hang->timeout;
    hang.start_grace = configuration.hang->start_grace;
  }
  const auto stop = stop_terms(configuration.stop, terms.texts);
  if (!stop) return stop.error();
  standing.stop = *stop;
  standing.max_runtime = configuration.max_runtime;
  standing.leader_exit = static_cast<wire::LeaderExit>(configuration.leader_exit);
  standing.stability = stability_of(configuration);
  standing.log = {configuration.log.max_bytes, configuration.log.keep, configuration.log.rate_bytes};
  for (const Duration age : order.spent) (void)terms.give.spent.add(age);
  return terms;
}

}  // namespace watchbill::drivers::agent
