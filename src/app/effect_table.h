// Which driver carries out which effect: one line for each kind.
#pragma once

#include <variant>

#include "ports/effects.h"

namespace watchbill::app {

class EffectTable final : public ports::EffectPort {
 public:
  struct Drivers {
    ports::EffectPort& messages;
    ports::EffectPort& orders;
    ports::EffectPort& actions;
  };
  explicit EffectTable(Drivers drivers) noexcept : drivers_(drivers) {}

  void begin(const Effect& effect, Epoch fence) override {
    std::visit([&](const auto& what) { driver_of(what).begin(effect, fence); }, effect.what);
  }

 private:
  [[nodiscard]] ports::EffectPort& driver_of(const SendMessage&) const noexcept { return drivers_.messages; }
  [[nodiscard]] ports::EffectPort& driver_of(const CarryOutOrder&) const noexcept { return drivers_.orders; }
  // All other effects are those of runs.
  template <class OfRuns>
  [[nodiscard]] ports::EffectPort& driver_of(const OfRuns&) const noexcept {
    return drivers_.actions;
  }

  const Drivers drivers_;
};

}  // namespace watchbill::app
