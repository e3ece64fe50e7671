#include "differential/harness/differential.h"

#include <set>
#include <sstream>
#include <utility>

#include "differential/harness/grammar.h"
#include "differential/harness/random.h"
#include "differential/harness/selectors.h"
#include "differential/harness/world.h"
#include "metrics/promql/parser.h"

namespace watchbill::differential {
namespace {

constexpr std::size_t shrinking_asks_max = 600;

// What is not parsed has no class, and nothing is allowed.
ExpressionClass class_of_text(const std::string& text) {
  const auto parsed = metrics::promql::parse(text);
  return parsed ? class_of(*parsed) : ExpressionClass{};
}

// Whether Prometheus answers one question in more than one way. Only what it does not promise can make it.
bool wavers(Sides& sides, const Question& question, const Reply& first) {
  for (int i = 0; i < 6; ++i)
    if (sides.ask_prometheus(question).body != first.body) return true;
  return false;
}

Difference difference_of(Sides& sides, const Case& one, const Question& question) {
  const auto with = [&](const Part& part) {
    Question smaller = question;
    smaller.expression = resolved(part.text(), sides.begin());
    return smaller;
  };
  const Part small = shrunk(one.expression, shrinking_asks_max, [&](const Part& part) {
    Replies replies;
    const Question smaller = with(part);
    return class_of_text(smaller.expression).is_judgeable &&
           judge(sides, smaller, replies).outcome == Verdict::Outcome::different;
  });
  Difference out{one.seed, question.expression, with(small), "", {}};
  out.what = judge(sides, out.smallest, out.replies).what;
  return out;
}

}  // namespace

Case case_of(std::uint64_t seed, Instant begin) {
  Case out;
  out.seed = seed;
  out.expression = expression_of(seed);
  Random random(seed ^ 0x5EED'0F71'3E50'0000U);
  const std::string text = resolved(out.expression.text(), begin);
  // On the grid of the samples, or beside it: windows with and without a sample at their ends.
  const std::int64_t off_grid_ms = random.chance(50) ? 0 : static_cast<std::int64_t>(random.below(15'000));
  const auto somewhere = [&](std::int64_t span_ms) {
    return Instant{begin.ms + static_cast<std::int64_t>(random.below(static_cast<std::size_t>(span_ms / 15'000))) * 15'000 +
                   off_grid_ms};
  };
  const Instant at = somewhere(world_span.ms + 300'000);
  out.instant = {text, at, at, std::nullopt};
  constexpr std::int64_t steps_ms[] = {15'000, 30'000, 60'000, 37'000, 7'500, 77'000, 1, 300'000};
  const std::int64_t step_ms = random.pick(steps_ms);
  const Instant start = somewhere(world_span.ms);
  const auto count = static_cast<std::int64_t>(random.below(20));
  const std::int64_t rest_ms = random.chance(30) ? step_ms / 2 : 0;
  out.range = {text, start, Instant{start.ms + count * step_ms + rest_ms}, Duration{step_ms}};
  return out;
}

Verdict judge(Sides& sides, const Question& question, Replies& replies) {
  replies = sides.ask(question);
  return compare({class_of_text(question.expression), question.is_range()}, replies.prometheus, replies.watchbill);
}

Part shrunk(Part part, std::size_t asks_max, const std::function<bool(const Part&)>& still) {
  std::set<std::string> seen{part.text()};
  for (bool is_smaller = true; is_smaller;) {
    is_smaller = false;
    for (Part& candidate : smaller(part)) {
      if (!seen.insert(candidate.text()).second) continue;
      if (asks_max == 0) return part;
      --asks_max;
      if (!still(candidate)) continue;
      part = std::move(candidate);
      is_smaller = true;
      break;
    }
  }
  return part;
}

Tally run(Sides& sides, std::uint64_t first, std::uint64_t count, std::size_t differences_max,
          const std::function<void(const Difference&)>& told) {
  Tally tally;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Case one = case_of(seed, sides.begin());
    ++tally.expressions;
    for (const Question* question : {&one.instant, &one.range}) {
      Replies replies;
      const Verdict verdict = judge(sides, *question, replies);
      ++tally.answers;
      tally.with_values += says_something(replies.prometheus) ? 1U : 0U;
      tally.errors += replies.prometheus.status != 200 ? 1U : 0U;
      if (verdict.outcome == Verdict::Outcome::allowed) {
        ++tally.allowed[static_cast<std::size_t>(*verdict.by)];
        tally.units_max = std::max(tally.units_max, verdict.units);
      }
      if (verdict.outcome != Verdict::Outcome::different) continue;
      if (class_of_text(question->expression).sums_computed && wavers(sides, *question, replies.prometheus)) {
        ++tally.undecided;
        continue;
      }
      tally.differences.push_back(difference_of(sides, one, *question));
      if (told) told(tally.differences.back());
      if (tally.differences.size() >= differences_max) return tally;
      break;  // the other question would mostly show the same
    }
  }
  return tally;
}

std::string Difference::text() const {
  std::ostringstream out;
  out << "seed " << seed << ": " << expression << "\n  smallest: " << smallest.expression << "\n  at " << smallest.start.ms
      << " ms";
  if (smallest.step) out << " to " << smallest.end.ms << " ms, step " << smallest.step->ms << " ms";
  out << ": " << what << "\n  prometheus " << replies.prometheus.status << " " << replies.prometheus.body.substr(0, 1500)
      << "\n  watchbill  " << replies.watchbill.status << " " << replies.watchbill.body.substr(0, 1500) << "\n";
  return out.str();
}

std::string Tally::text() const {
  std::ostringstream out;
  out << expressions << " expressions, " << answers << " answers compared (" << with_values << " with values, " << errors
      << " refused by Prometheus), " << differences.size() << " differences; allowed:";
  for (const DeviationRow& row : deviations()) out << " " << row.name << " " << allowed[static_cast<std::size_t>(row.deviation)];
  out << "; in " << undecided << " Prometheus wavers; largest allowed difference " << units_max << " units of the last place";
  return out.str();
}

}  // namespace watchbill::differential
