#include "routetest/run.h"

#include <algorithm>
#include <utility>

namespace watchbill::routetest {
namespace {

constexpr const char* own_name = "the alert itself";

ExpectedMute word_of(const std::optional<Muting>& muting) {
  if (!muting) return ExpectedMute::none;
  switch (muting->by) {
    case MuteReason::inhibition: return ExpectedMute::inhibition;
    case MuteReason::silence: return ExpectedMute::silence;
    case MuteReason::time_interval: return ExpectedMute::time_interval;
  }
  return ExpectedMute::none;
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::string text_of(const std::vector<std::string>& receivers) {
  std::string text = "[";
  for (const std::string& each : receivers) text += (text.size() > 1 ? ", " : "") + each;
  return text + "]";
}

std::string text_of(const Muting& muting) {
  return std::string(word(muting.by)) + (muting.by == MuteReason::inhibition ? " by " : " ") + muting.id;
}

RouteVerdict run(const RoutingConfiguration& routing, const RouteTest& test) {
  RouteVerdict verdict{test.name, test.place, false, {}, {}};
  Router router(routing);
  router.begin(own_name, test.alert);
  for (const Labels& each : test.firing) router.begin(each.text(), each);
  for (std::size_t i = 0; i < test.silences.size(); ++i)
    if (Status made = router.silence(std::to_string(i + 1), test.silences[i], Instant{}, Instant::never()); !made)
      verdict.differences.push_back("silences: " + made.error().text());
  if (!test.at && router.depends_on_time(test.alert))
    verdict.differences.emplace_back("at: expected an instant: a route that the alert takes has time intervals");
  verdict.ways = router.ways_of(test.alert, test.at);
  const std::vector<std::string> receivers = told(verdict.ways);
  const std::optional<Muting> muting = mute_in(verdict.ways);
  if (test.receivers && sorted(*test.receivers) != sorted(receivers))
    verdict.differences.push_back("receivers: expected " + text_of(*test.receivers) + ", got " + text_of(receivers));
  if (test.muted_by && *test.muted_by != word_of(muting))
    verdict.differences.push_back("muted_by: expected " + std::string(word(*test.muted_by)) + ", got " +
                                  (muting ? text_of(*muting) : "none"));
  verdict.has_passed = verdict.differences.empty();
  return verdict;
}

}  // namespace watchbill::routetest
