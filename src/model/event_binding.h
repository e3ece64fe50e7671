// Events of the area binding: what became of an alert that asked for its mitigation. Source: domain/plans.md §6.1.
#pragma once

#include <string>

#include "base/sha256.h"
#include "model/area.h"
#include "model/fields.h"
#include "model/labels.h"
#include "model/plan_words.h"
#include "model/refusal.h"

namespace watchbill {

// An alert asked for its mitigation. `joined`: the open run that serves it already.
struct BindingTriggered {
  static constexpr std::string_view type = "BindingTriggered";
  static constexpr int version = 1;
  static constexpr Area area = Area::binding;
  std::string alert;
  std::string binding;
  std::string joined;
  Labels labels;
  std::string lowered_by;  // why the mode is less than the binding says
  BindingMode mode{BindingMode::auto_};
  Digest plan;
  std::string proposed;  // the run that was asked for by id; empty: it gets a new one
  std::string seed;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("alert", &BindingTriggered::alert),
              field("binding", &BindingTriggered::binding),
              field("joined", &BindingTriggered::joined),
              field("labels", &BindingTriggered::labels),
              field("lowered_by", &BindingTriggered::lowered_by),
              field("mode", &BindingTriggered::mode),
              field("plan", &BindingTriggered::plan),
              field("proposed", &BindingTriggered::proposed),
              field("seed", &BindingTriggered::seed));
  }
};

struct BindingRefused {
  static constexpr std::string_view type = "BindingRefused";
  static constexpr int version = 1;
  static constexpr Area area = Area::binding;
  std::string alert;
  std::string binding;
  std::string message;
  bool pages{false};  // limits are used up: a hold follows and people are told
  Refusal reason{Refusal::internal};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("alert", &BindingRefused::alert), field("binding", &BindingRefused::binding),
              field("message", &BindingRefused::message), field("pages", &BindingRefused::pages),
              field("reason", &BindingRefused::reason));
  }
};

}  // namespace watchbill
