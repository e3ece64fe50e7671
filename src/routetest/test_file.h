// Unit tests of routing, as a person writes them: an alert, a moment, and who is to be told. Source: design/commands.md §5.
//
//   alertmanager_config: alertmanager.yml
//   tests:
//     page-at-night:
//       alert: {alertname: WebDown, severity: critical}
//       at: 2026-03-01T02:00:00Z
//       firing: [{alertname: HostDown, instance: a}]
//       silences: [['team="web"']]
//       expect: {receivers: [pager], muted_by: none}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/finding.h"
#include "config/load.h"
#include "config/reader.h"
#include "model/configuration_routing.h"
#include "model/labels.h"

namespace watchbill::routetest {

// What keeps an alert from being told, or that nothing does.
enum class ExpectedMute : std::uint8_t { inhibition, none, silence, time_interval };

struct RouteTest {
  std::string name;
  config::Place place;
  Labels alert;
  std::optional<Instant> at;
  std::vector<Labels> firing;                        // others, at that moment
  std::vector<std::vector<LabelMatcher>> silences;   // that hold then
  std::optional<ExpectedMute> muted_by;              // none: whatever it is
  std::optional<std::vector<std::string>> receivers;  // that are told, in any order; none: whoever they are
};

struct RouteTestFile {
  RoutingConfiguration routing;
  std::vector<RouteTest> tests;  // by name
};

struct LoadedRouteTests {
  std::optional<RouteTestFile> file;  // exactly when no finding is an error
  std::vector<config::Finding> findings;
};

// Reads `path` and the Alertmanager file that it names; `configuration`, when it is not empty, takes that one's place.
[[nodiscard]] LoadedRouteTests load_route_tests(const std::string& path, const std::string& configuration,
                                                const config::FileReader& files, const config::LoadOptions& options);

// The tables of its keys, for documentation and tests.
[[nodiscard]] std::vector<config::TableView> route_test_tables();

}  // namespace watchbill::routetest

template <>
struct watchbill::Words<watchbill::routetest::ExpectedMute> {
  static constexpr std::array<std::string_view, 4> table{"inhibition", "none", "silence", "time_interval"};
};
