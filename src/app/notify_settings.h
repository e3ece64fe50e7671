// What the notifier knows of the integrations that the configuration names.
#pragma once

#include <vector>

#include "base/result.h"
#include "config/load.h"
#include "drivers/notify/notifier.h"
#include "model/configuration.h"

namespace watchbill::app {

// `templates` are the files of `templates:` as they were read. Fails where they cannot be read together, which `check` has told
// before.
[[nodiscard]] Result<drivers::notify::NotifySettings> notify_settings(const Configuration& configuration,
                                                                      const std::vector<config::TemplateText>& templates);

}  // namespace watchbill::app
