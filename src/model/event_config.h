// A new bill was taken: event and command. Area engine; the parts of the core read the blob when the event is applied.
#pragma once

#include <string>

#include "base/sha256.h"
#include "model/area.h"
#include "model/fields.h"

namespace watchbill {

// From here on this configuration holds, all of it.
struct ConfigAccepted {
  static constexpr std::string_view type = "ConfigAccepted";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  std::string by;
  Digest configuration;  // of the blob: the canonical text of a Configuration
  static constexpr auto fields() {
    return std::tuple{field("by", &ConfigAccepted::by), field("configuration", &ConfigAccepted::configuration)};
  }
  static constexpr auto state_blob = &ConfigAccepted::configuration;
};

// Takes a checked configuration, whose canonical text comes with the command as a blob. The one that holds already changes
// nothing. Role admin.
struct AcceptConfig {
  static constexpr std::string_view type = "AcceptConfig";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  static constexpr Lane lane = Lane::people;
  Digest configuration;
  static constexpr auto fields() { return std::tuple{field("configuration", &AcceptConfig::configuration)}; }
};

}  // namespace watchbill
