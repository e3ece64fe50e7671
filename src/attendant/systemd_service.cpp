#include "attendant/systemd_service.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace watchbill::attendant {
namespace {

constexpr const char* service = "org.freedesktop.systemd1";
constexpr const char* manager_object = "/org/freedesktop/systemd1";
constexpr const char* manager_interface = "org.freedesktop.systemd1.Manager";
constexpr const char* unit_interface = "org.freedesktop.systemd1.Unit";
constexpr const char* service_interface = "org.freedesktop.systemd1.Service";
constexpr const char* own_socket = "unix:path=/run/systemd/private";
constexpr std::uint64_t answer_within_us = 5'000'000;
constexpr int news_at_once_max = 256;

// The answer to one call, or the error in it.
struct Answer {
  sd_bus_error error{};
  sd_bus_message* message{nullptr};
  Answer() = default;
  ~Answer() {
    sd_bus_error_free(&error);
    sd_bus_message_unref(message);
  }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
};

bool has_name(const sd_bus_error& error, const char* name) noexcept { return sd_bus_error_has_name(&error, name) != 0; }

ErrorKind kind_of(int error, const sd_bus_error* answer) noexcept {
  if (answer != nullptr) {
    for (const char* name : {"org.freedesktop.systemd1.NoSuchUnit", "org.freedesktop.systemd1.LoadFailed",
                             "org.freedesktop.systemd1.UnitMasked", "org.freedesktop.systemd1.BadUnitSetting",
                             "org.freedesktop.systemd1.OnlyByDependency"})
      if (has_name(*answer, name)) return ErrorKind::invalid;
    for (const char* name : {SD_BUS_ERROR_ACCESS_DENIED, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED})
      if (has_name(*answer, name)) return ErrorKind::denied;
  }
  switch (-error) {
    case EACCES: case EPERM: return ErrorKind::denied;
    case ENOENT: case ECONNREFUSED: return ErrorKind::not_found;
    case EINVAL: return ErrorKind::invalid;
    case ETIMEDOUT: return ErrorKind::timed_out;
    default: return ErrorKind::interrupted;
  }
}

}  // namespace

Status SystemdService::failed(const char* what, int error, const sd_bus_error* answer) {
  const bool has_text = answer != nullptr && answer->message != nullptr && *answer->message != '\0';
  Error told = Error::from_errno(-error, what, unit_);
  if (has_text) told.detail = answer->message;
  told.kind = kind_of(error, answer);
  return told;
}

Status SystemdService::connect() {
  bus_.reset();
  sd_bus* bus = nullptr;
  int code = 0;
  if (geteuid() == 0) {
    code = sd_bus_new(&bus);
    if (code >= 0) code = sd_bus_set_address(bus, own_socket);
    if (code >= 0) code = sd_bus_start(bus);
  } else {
    code = sd_bus_open_system(&bus);
  }
  bus_.reset(bus);
  if (code >= 0) code = sd_bus_set_method_call_timeout(bus, answer_within_us);
  Status opened = code >= 0 ? open_object() : failed("reach systemd for", code, nullptr);
  if (!opened) bus_.reset();
  return opened;
}

Status SystemdService::open_object() {
  Answer loaded;
  int code = sd_bus_call_method(bus_.get(), service, manager_object, manager_interface, "LoadUnit", &loaded.error,
                                &loaded.message, "s", unit_.c_str());
  const char* object = nullptr;
  if (code >= 0) code = sd_bus_message_read(loaded.message, "o", &object);
  if (code < 0) return failed("load", code, &loaded.error);
  object_ = object;
  if (const Status named = read_text(unit_interface, "Id", id_); !named) return named;
  code = sd_bus_match_signal(bus_.get(), nullptr, nullptr, object_.c_str(), "org.freedesktop.DBus.Properties",
                             "PropertiesChanged", changed, this);
  for (const char* signal : {"JobNew", "JobRemoved"})
    if (code >= 0)
      code = sd_bus_match_signal(bus_.get(), nullptr, nullptr, manager_object, manager_interface, signal, job_changed, this);
  Answer subscribed;
  if (code >= 0)
    code = sd_bus_call_method(bus_.get(), service, manager_object, manager_interface, "Subscribe", &subscribed.error, nullptr,
                              "");
  return code >= 0 ? Status{} : failed("watch", code, &subscribed.error);
}

Status SystemdService::ask(const char* method, std::string* object) {
  Answer answer;
  const int code = sd_bus_call_method(bus_.get(), service, manager_object, manager_interface, method, &answer.error,
                                      &answer.message, "ss", unit_.c_str(), "replace");
  if (code < 0) return failed(method, code, &answer.error);
  const char* job = nullptr;
  if (object != nullptr && sd_bus_message_read(answer.message, "o", &job) >= 0) *object = job;
  return {};
}

Status SystemdService::start() {
  Answer reset;
  // A unit that never failed has nothing to clear, which is no error; without the right to, systemd's own limits count.
  (void)sd_bus_call_method(bus_.get(), service, manager_object, manager_interface, "ResetFailedUnit", &reset.error, nullptr, "s",
                           unit_.c_str());
  job_result_.clear();
  return ask("StartUnit", &job_);
}

Status SystemdService::stop() { return ask("StopUnit", nullptr); }

Status SystemdService::read_text(const char* interface, const char* property, std::string& out) {
  Answer answer;
  char* text = nullptr;
  const int code =
      sd_bus_get_property_string(bus_.get(), service, object_.c_str(), interface, property, &answer.error, &text);
  if (code < 0) return failed("read", code, &answer.error);
  out = text;
  std::free(text);
  return {};
}

Status SystemdService::read_number(const char* property, char type, void* out) {
  Answer answer;
  const int code = sd_bus_get_property_trivial(bus_.get(), service, object_.c_str(), service_interface, property, &answer.error,
                                               type, out);
  return code < 0 ? failed("read", code, &answer.error) : Status{};
}

Status SystemdService::read_job(bool& has_job) {
  Answer answer;
  int code = sd_bus_get_property(bus_.get(), service, object_.c_str(), unit_interface, "Job", &answer.error, &answer.message,
                                 "(uo)");
  std::uint32_t number = 0;
  const char* job = nullptr;
  if (code >= 0) code = sd_bus_message_read(answer.message, "(uo)", &number, &job);
  if (code < 0) return failed("read", code, &answer.error);
  has_job = number != 0;
  return {};
}

Result<UnitFacts> SystemdService::read() {
  UnitFacts facts;
  // The job first: when there is none, the state that is read after it is not one that a job is about to change.
  Status status = read_job(facts.has_job);
  if (status) status = read_text(unit_interface, "LoadState", facts.load_state);
  if (status) status = read_text(unit_interface, "ActiveState", facts.active_state);
  if (status) status = read_text(unit_interface, "SubState", facts.sub_state);
  if (status) status = read_text(service_interface, "Result", facts.result);
  if (status) status = read_text(service_interface, "ControlGroup", facts.control_group);
  if (status) status = read_number("ExecMainCode", 'i', &facts.main_code);
  if (status) status = read_number("ExecMainStatus", 'i', &facts.main_status);
  if (status) status = read_number("NRestarts", 'u', &facts.restart_count);
  if (!status) return status.error();
  facts.is_taken_down = is_taken_down_;
  return facts;
}

bool SystemdService::is_host_going_down() {
  Answer answer;
  char* text = nullptr;
  (void)sd_bus_get_property_string(bus_.get(), service, manager_object, manager_interface, "SystemState", &answer.error, &text);
  const bool is_going = text != nullptr && std::string_view(text) == "stopping";
  std::free(text);
  return is_going;
}

bool SystemdService::has_news() const noexcept {
  std::uint64_t until_us = 0;
  return sd_bus_get_timeout(bus_.get(), &until_us) >= 0 && until_us == 0;
}

bool SystemdService::take_news() {
  has_changed_ = false;
  for (int i = 0; i < news_at_once_max; ++i) {
    const int code = sd_bus_process(bus_.get(), nullptr);
    if (code == 0) break;
    if (code > 0) continue;
    bus_.reset();
    return true;
  }
  return has_changed_;
}

int SystemdService::changed(sd_bus_message* message, void* self, sd_bus_error*) noexcept {
  SystemdService& seen = *static_cast<SystemdService*>(self);
  seen.has_changed_ = true;
  const char *interface = nullptr, *name = nullptr, *state = "";
  std::uint32_t job = 0;
  if (sd_bus_message_read(message, "s", &interface) < 0 || std::string_view(interface) != unit_interface) return 0;
  if (sd_bus_message_enter_container(message, 'a', "{sv}") < 0) return 0;
  while (sd_bus_message_enter_container(message, 'e', "sv") > 0 && sd_bus_message_read(message, "s", &name) > 0) {
    int code = 0;
    const char* path = nullptr;
    if (std::string_view(name) == "ActiveState") code = sd_bus_message_read(message, "v", "s", &state);
    else if (std::string_view(name) == "Job") code = sd_bus_message_read(message, "v", "(uo)", &job, &path);
    else code = sd_bus_message_skip(message, "v");
    if (code < 0 || sd_bus_message_exit_container(message) < 0) return 0;
  }
  // These words come for each state that it goes through, also when it is over by the time that we could ask.
  const std::string_view active_state = state;
  if (active_state == "deactivating" && job != 0) seen.is_taken_down_ = true;
  else if (active_state == "active" || active_state == "activating") seen.is_taken_down_ = false;
  return 0;
}

int SystemdService::job_changed(sd_bus_message* message, void* self, sd_bus_error*) noexcept {
  SystemdService& seen = *static_cast<SystemdService*>(self);
  std::uint32_t number = 0;
  const char *job = nullptr, *unit = nullptr, *result = nullptr;
  if (sd_bus_message_read(message, "uos", &number, &job, &unit) < 0 || seen.id_ != unit) return 0;
  seen.has_changed_ = true;
  if (seen.job_ != job || sd_bus_message_is_signal(message, manager_interface, "JobRemoved") <= 0) return 0;
  seen.job_.clear();
  if (sd_bus_message_read(message, "s", &result) >= 0 && std::string_view(result) != "done") seen.job_result_ = result;
  return 0;
}

}  // namespace watchbill::attendant
