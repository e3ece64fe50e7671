// systemd as an attendant speaks to it: one service, watched, started and stopped over D-Bus. Source:
// org.freedesktop.systemd1(5), sd-bus(3).
#pragma once

#include <systemd/sd-bus.h>

#include <memory>
#include <optional>
#include <string>

#include "attendant/judge.h"
#include "base/result.h"

namespace watchbill::attendant {

// One connection. Calls wait for their answer, at most 5 s. One thread.
class SystemdService {
 public:
  explicit SystemdService(std::string unit) : unit_(std::move(unit)) {}

  // Connects, the first time or anew, and has systemd tell what changes: as root on its own socket (there may be no message bus),
  // else over the system's bus. Fails not_found where no systemd answers, unavailable when it does not answer in time.
  [[nodiscard]] Status connect();
  [[nodiscard]] bool is_connected() const noexcept { return bus_ != nullptr; }

  // Asks for the service as it is.
  [[nodiscard]] Result<UnitFacts> read();
  // Whether the host goes down, and every service with it.
  [[nodiscard]] bool is_host_going_down();
  // Has it started; one that is up already stays as it is. The counters that make systemd refuse a start are cleared first:
  // whoever ordered the attendant counts. Success: a job was made of it.
  [[nodiscard]] Status start();
  // Has it stopped, whatever it is on its way to.
  [[nodiscard]] Status stop();
  // What systemd said of the job of start() when that ended otherwise than well: "failed", "dependency", "timeout", …
  [[nodiscard]] const std::string& job_result() const noexcept { return job_result_; }

  // Takes what systemd has said; true when the service may have changed. A lost connection leaves is_connected() false.
  [[nodiscard]] bool take_news();
  // The unit's own name; what it was given may be an alias. After connect().
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  // For poll(2), while connected. When has_news(), nothing need be waited for: it was read beside an answer.
  [[nodiscard]] bool has_news() const noexcept;
  [[nodiscard]] int descriptor() const noexcept { return sd_bus_get_fd(bus_.get()); }
  [[nodiscard]] short events() const noexcept { return static_cast<short>(sd_bus_get_events(bus_.get())); }

 private:
  struct Close {
    void operator()(sd_bus* bus) const noexcept { sd_bus_close_unref(bus); }
  };
  [[nodiscard]] Status ask(const char* method, std::string* object);
  [[nodiscard]] Status read_text(const char* interface, const char* property, std::string& out);
  [[nodiscard]] Status read_number(const char* property, char type, void* out);
  [[nodiscard]] Status open_object();
  [[nodiscard]] Status read_job(bool& has_job);
  [[nodiscard]] Status failed(const char* what, int error, const sd_bus_error* answer);
  static int changed(sd_bus_message* message, void* self, sd_bus_error* error) noexcept;
  static int job_changed(sd_bus_message* message, void* self, sd_bus_error* error) noexcept;

  const std::string unit_;
  std::string id_;
  std::unique_ptr<sd_bus, Close> bus_;
  std::string object_;  // the service's path
  std::string job_;     // of start(); empty: it has ended
  std::string job_result_;
  bool has_changed_{false};
  bool is_taken_down_{false};  // it was last seen to go down by a job
};

}  // namespace watchbill::attendant
