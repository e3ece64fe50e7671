// An unmodified Alertmanager file: routes, inhibition, time intervals, receivers and templates. What is not carried out is
// refused by name.
#pragma once

#include <string>
#include <vector>

#include "config/cursor.h"
#include "config/load.h"
#include "config/reader.h"
#include "model/configuration_routing.h"

namespace watchbill::config {

struct AlertmanagerFile {
  RoutingConfiguration routing;
  std::vector<TemplateText> templates;  // the texts of `routing.templates`
};

// Reads a whole file, and of `files` the time zones and templates that it names. Complains as other readers do; what
// it gives counts only when nothing was complained about.
[[nodiscard]] AlertmanagerFile read_alertmanager_file(const Cursor& at, const FileReader& files);

// The tables of this chapter, for documentation and tests.
[[nodiscard]] std::vector<TableView> alertmanager_tables();

}  // namespace watchbill::config
