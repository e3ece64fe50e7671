// Units of systemd, through systemctl: reading needs no right and is done here; changes are one-shots of the keeper, which has
// the rights, outlives us and remembers what it was asked. Source: systemctl(1) of systemd 252; domain/plans.md §3.3 "service".
#pragma once

#include <string>

#include "ports/io_loop.h"
#include "ports/one_shot.h"
#include "ports/units.h"

namespace watchbill::drivers::systemd {

class Units final : public ports::UnitPort {
 public:
  struct Settings {
    std::string systemctl{"/usr/bin/systemctl"};
    std::string user{"root"};  // who asks for changes; empty: the keeper's own account
  };
  Units(Settings settings, ports::IoLoop& loop, ports::OneShotPort& one_shots)
      : settings_(std::move(settings)), loop_(loop), one_shots_(one_shots) {}

  void read(const std::string& unit, std::function<void(Result<ports::UnitState>)> done) override;
  void change(ports::UnitChange change, std::function<void(ports::UnitOutcome)> done) override;

 private:
  void judge(const ports::UnitChange& change, const ports::OneShotOutcome& job, std::function<void(ports::UnitOutcome)> done);

  const Settings settings_;
  ports::IoLoop& loop_;
  ports::OneShotPort& one_shots_;
};

// What `systemctl show` prints, KEY=VALUE a line. Pure.
[[nodiscard]] ports::UnitState parse_unit(std::string_view text);
}  // namespace watchbill::drivers::systemd
