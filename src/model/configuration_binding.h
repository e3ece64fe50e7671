// The rest of the configuration that plans read: runbooks as wholes, bindings, environments (model/configuration_runbook.h has
// the steps). Source: design/bill.md §2, domain/incidents.md §5, domain/plans.md §6, domain/rollout.md §5.
#pragma once

#include "model/configuration_runbook.h"

namespace watchbill {

struct ConfiguredParameter {
  std::optional<std::string> default_;
  bool required{false};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("default", &ConfiguredParameter::default_), field("required", &ConfiguredParameter::required));
  }
};

struct ConfiguredRunbook {
  std::string environment;          // empty: none
  std::vector<std::string> hosts;   // host and group names; empty: the controller's own host
  std::optional<OnFailure> on_failure;
  std::string owner;
  std::map<std::string, ConfiguredParameter> parameters;
  std::string reviewed;             // the date, as written
  std::vector<ConfiguredStep> steps;
  std::string summary;
  std::string target;               // KIND/NAME, a template: what its exec and http really change
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("environment", &ConfiguredRunbook::environment),
              field("hosts", &ConfiguredRunbook::hosts),
              field("on_failure", &ConfiguredRunbook::on_failure),
              field("owner", &ConfiguredRunbook::owner),
              field("parameters", &ConfiguredRunbook::parameters),
              field("reviewed", &ConfiguredRunbook::reviewed),
              field("steps", &ConfiguredRunbook::steps),
              field("summary", &ConfiguredRunbook::summary),
              field("target", &ConfiguredRunbook::target));
  }
};

// The limits of one binding (domain/plans.md §6.1, rows 4 to 6).
struct BindingLimits {
  Duration cooldown{Duration::minutes(10)};
  std::uint32_t runs{3};                       // runs of the binding that may start …
  std::uint32_t target_share_millionths{250'000};
  Duration window{Duration::hours(1)};         // … in this time
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("cooldown_ms", &BindingLimits::cooldown), field("runs", &BindingLimits::runs),
              field("target_share_millionths", &BindingLimits::target_share_millionths),
              field("window_ms", &BindingLimits::window));
  }
};

// What follows when an alert of this name fires. `unbound` is the reason why nothing does; then the rest is empty.
struct ConfiguredBinding {
  std::string limiter;
  BindingLimits limits;
  std::string mitigation;
  BindingMode mode{BindingMode::suggest};
  std::string rollback;
  std::string unbound;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("limiter", &ConfiguredBinding::limiter), field("limits", &ConfiguredBinding::limits),
              field("mitigation", &ConfiguredBinding::mitigation), field("mode", &ConfiguredBinding::mode),
              field("rollback", &ConfiguredBinding::rollback), field("unbound", &ConfiguredBinding::unbound));
  }
};

// What plans read of an environment.
struct ConfiguredEnvironment {
  std::uint32_t approvals_required{1};      // of runs that wait for people
  std::vector<std::string> approval_roles;  // one of these besides approver; empty: approver is enough
  bool auto_actions{false};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("approval_roles", &ConfiguredEnvironment::approval_roles),
              field("approvals_required", &ConfiguredEnvironment::approvals_required),
              field("auto_actions", &ConfiguredEnvironment::auto_actions));
  }
};

// All of it, by name.
struct RunbookConfiguration {
  std::map<std::string, ConfiguredBinding> bindings;              // by alert name
  std::map<std::string, ConfiguredEnvironment> environments;
  std::string exec_user;                                          // supervisor.exec_user; empty: the agent's own account
  std::string folder;                                             // `.Dir`: the folder of the bill
  std::map<std::string, std::vector<std::string>> inventory;      // hosts of each group, in inventory order
  std::string own_host;                                           // the controller's, as it was named when the bill was read
  std::map<std::string, ConfiguredRunbook> runbooks;
  std::map<std::string, std::string> workload_groups;             // the group of every workload; "" for none
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("bindings", &RunbookConfiguration::bindings),
              field("environments", &RunbookConfiguration::environments),
              field("exec_user", &RunbookConfiguration::exec_user),
              field("folder", &RunbookConfiguration::folder),
              field("inventory", &RunbookConfiguration::inventory),
              field("own_host", &RunbookConfiguration::own_host),
              field("runbooks", &RunbookConfiguration::runbooks),
              field("workload_groups", &RunbookConfiguration::workload_groups));
  }
};

}  // namespace watchbill
