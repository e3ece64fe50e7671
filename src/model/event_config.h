// A new bill was taken, or refused: events and commands. Area engine; the parts of the core read the blob of a taken one when the
// event is applied.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("by", &ConfigAccepted::by), field("configuration", &ConfigAccepted::configuration));
  }
  static constexpr auto state_blob = &ConfigAccepted::configuration;
};

// Where a bill is wrong, and in what way. The sentence of the finding stays out: it may quote a value, and values may be secrets.
struct RejectedFinding {
  std::string code;  // "unknown_key"
  std::uint32_t column{0};
  std::string file;
  std::uint32_t line{0};
  std::string path;  // of the key: "workloads.web.restrat"; absent: the whole file
  template <class To> static constexpr auto fields(To&& to) {
    using F = RejectedFinding;
    return to(field("code", &F::code), field("column", &F::column), field("file", &F::file), field("line", &F::line),
              field("path", &F::path));
  }
  friend bool operator==(const RejectedFinding&, const RejectedFinding&) = default;
};

// A bill was read and cannot be taken: the one that holds goes on, all of it. Source: domain/supervision.md §8.
struct ConfigRejected {
  static constexpr std::string_view type = "ConfigRejected";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  std::string by;
  std::uint64_t errors{0};
  Digest files;                           // of the names and bytes that were read: the same ones are refused alike
  std::vector<RejectedFinding> findings;  // the first errors, by file and place
  template <class To> static constexpr auto fields(To&& to) {
    using E = ConfigRejected;
    return to(field("by", &E::by), field("errors", &E::errors), field("files", &E::files),
              field("findings", &E::findings));
  }
};

// Takes a checked configuration, whose canonical text comes with the command as a blob. The one that holds already changes
// nothing. Role admin.
struct AcceptConfig {
  static constexpr std::string_view type = "AcceptConfig";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  static constexpr Lane lane = Lane::people;
  Digest configuration;
  template <class To> static constexpr auto fields(To&& to) { return to(field("configuration", &AcceptConfig::configuration)); }
};

// Records that a bill was refused. One that was refused last, too, for the same files changes nothing. Role admin.
struct RejectConfig {
  static constexpr std::string_view type = "RejectConfig";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  static constexpr Lane lane = Lane::people;
  std::uint64_t errors{0};
  Digest files;
  std::vector<RejectedFinding> findings;  // at most limits.rejected_findings_max
  template <class To> static constexpr auto fields(To&& to) {
    using C = RejectConfig;
    return to(field("errors", &C::errors), field("files", &C::files), field("findings", &C::findings));
  }
};

}  // namespace watchbill
