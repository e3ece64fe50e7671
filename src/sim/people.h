// People and programs that ask: they hold, release, send messages, repeat what got no answer, and remember every answer they got.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/process.h"
#include "model/command.h"
#include "sim/agenda.h"
#include "sim/random.h"

namespace watchbill::sim {

// An answer that somebody got. It must stay true for ever.
struct Acknowledged {
  std::string caller;
  std::string request_id;
  core::Answer answer;
};

class People {
 public:
  struct Links {
    Agenda& agenda;
    std::function<Instant()> now;
    // Offers a command to the living controller; the callback comes when it answers, or never.
    std::function<void(Command, std::function<void(const core::Answer&)>)> ask;
    // Ids of dead letters that could be sent again, as a reader sees them.
    std::function<std::vector<std::string>()> dead_letters;
    // Ids of silences, as a reader sees them.
    std::function<std::vector<std::string>()> silences;
  };
  People(Links links, Random random) : links_(std::move(links)), random_(random) {}

  // Plans the first of their commands; they go on until stop().
  void start();
  void stop() { is_stopped_ = true; }

  [[nodiscard]] const std::vector<Acknowledged>& acknowledged() const noexcept { return acknowledged_; }
  // Two different answers to one request, if that ever happened: "caller id: first …, then …".
  [[nodiscard]] const std::string& contradiction() const noexcept { return contradiction_; }

 private:
  [[nodiscard]] Command next_command();
  [[nodiscard]] CommandBody about_silences();
  [[nodiscard]] NoteAlerts outside_alerts();
  void ask(const Command& command, int tries_left);
  void note(const Command& command, const core::Answer& answer);

  Links links_;
  Random random_;
  bool is_stopped_{false};
  std::uint64_t next_id_{1};
  std::vector<Acknowledged> acknowledged_;
  std::map<std::string, core::Answer> answers_;  // by caller and request id
  std::string contradiction_;
};

}  // namespace watchbill::sim
