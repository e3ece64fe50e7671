// What an evaluator remembers of its rules between evaluations. Internal to the folder.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "metrics/tsdb/head.h"
#include "model/alert.h"
#include "model/labels.h"

namespace watchbill::metrics::rules {

// A series that a rule writes.
struct WrittenSeries {
  Labels labels;
  tsdb::SeriesReference reference;
};

// One element of an alerting rule's vector, or one that was and whose alert goes on.
struct Element {
  Labels labels;               // of its alert
  Labels element;              // in the answer
  AlertCourse course;          // as the journal has it
  AlertCourse next;            // once the present answer is recorded
  std::uint32_t part{0};       // of the answer that tells `next`
  bool is_told{false};         // the present answer has it
  Presence presence{Presence::absent};  // in the present vector
  double value{0};             // there
  bool is_inherited{false};    // from before the start, and not seen since
  std::optional<AlertPhase> shown;  // by ALERTS; none: it has no such series
  WrittenSeries alerts, for_state;
};

// One series of a recording rule.
struct RecordedSeries {
  tsdb::SeriesReference reference;
  double value{0};
  std::string histogram;  // a native histogram as the store takes it; empty: the sample is `value`
};

struct RuleMemory {
  std::map<Labels, Element> elements;  // by what is left of their labels when the rule's plain ones are taken off
  std::map<Labels, std::map<std::string, std::string>> texts;  // of firing alerts by their labels; Surroundings::keeps_texts
  std::map<Labels, RecordedSeries> recorded;             // of the last good evaluation
  bool is_failing{false};                                // the journal has a failure and no answer after it
};

// Samples of one rule at one time, written as one batch.
class SampleBatch {
 public:
  // `series` stays where it is until write(); its reference is kept up to date.
  void add(WrittenSeries& series, double value) { add(series.labels, series.reference, value); }
  void add(const Labels& labels, tsdb::SeriesReference& reference, double value);
  // Labels, reference and histogram stay where they are, too.
  void add(const Labels& labels, RecordedSeries& series);
  // Ends a series that nobody keeps.
  void end(Labels labels, tsdb::SeriesReference reference);

  struct Counts {
    std::size_t written{0}, refused{0};
    std::optional<tsdb::AppendRefusal> refusal;  // of the first value; ends of series are counted only
  };
  Counts write(tsdb::Head& head, Instant at);

 private:
  struct Ended {
    Labels labels;
    tsdb::SeriesReference reference;
  };
  std::vector<tsdb::BatchSample> samples_;
  std::vector<tsdb::SeriesReference*> references_;
  std::deque<Ended> ended_;
};

}  // namespace watchbill::metrics::rules
