#include "app/run_actions.h"

#include <unistd.h>

#include <filesystem>

namespace watchbill::app {
namespace {

using drivers::action::Taken;

constexpr std::size_t waiting_max = 256;  // more than runs are ever open

Taken taken_of(const core::Answer& answer) {
  if (!answer.refused) return Taken::recorded;
  const bool comes_again = family_of(answer.refused->reason) == RefusalFamily::try_later;
  return comes_again ? Taken::again : Taken::refused;
}

Observed observed_of(metrics::promql::ConditionVerdict verdict) {
  switch (verdict) {
    case metrics::promql::ConditionVerdict::holds: return Observed::true_;
    case metrics::promql::ConditionVerdict::fails: return Observed::false_;
    case metrics::promql::ConditionVerdict::no_data: break;
  }
  return Observed::no_data;
}

// Units are changed by root; a keeper of another account asks systemd under its own, and may be refused.
drivers::systemd::Units::Settings unit_settings() {
  drivers::systemd::Units::Settings settings;
  if (geteuid() != 0) settings.user.clear();
  return settings;
}

std::string absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path full = std::filesystem::absolute(path, error);
  return error ? path : full.lexically_normal().string();
}

}  // namespace

RunActions::RunActions(Links links, const Settings& settings)
    : links_(std::move(links)),
      files_(waiting_max),
      units_(unit_settings(), links_.loop, links_.one_shots),
      actions_(std::make_unique<drivers::action::Actions>(
          drivers::action::Actions::Settings{absolute(settings.data), settings.own_host},
          drivers::action::Actions::Parts{
              links_.loop, links_.client, links_.prober, links_.one_shots, units_,
              [this](drivers::action::Condition condition, std::function<void(drivers::action::Answer)> done) {
                links_.ask({std::move(condition.query), condition.newer_than},
                           [done = std::move(done)](const drivers::query::Finding& found) {
                             done({observed_of(found.verdict), found.reason, found.samples, {}, false});
                           });
              },
              drivers::action::secret_of_environment, links_.now,
              [this](std::function<void()> task) { return files_.run(std::move(task)); },
              [this](CommandBody body, const std::function<void(Taken)>& done) { offer(std::move(body), done); }})) {}

void RunActions::offer(CommandBody body, const std::function<void(Taken)>& done) {
  const auto refused = links_.offer(Command{std::move(body), engine_actor("actions"), std::nullopt, std::nullopt, {}},
                                    [done](const core::Answer& answer) { done(taken_of(answer)); });
  // While it closes nothing is told: the next controller finds out for itself.
  if (refused && refused->reason != Refusal::closing) done(Taken::again);
}

}  // namespace watchbill::app
