// Requests of remote write on their way into the store: read, written to the head, and told what was refused.
// Threads: store() and configure() on one at a time; counts() on any. Reads no clock. Source of the behaviour: Prometheus 2.42,
// storage/remote/write_handler.go. What is ours: a sample that is refused does not take the others of its request with it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "metrics/receive/label_digest.h"
#include "metrics/remote/write_request.h"
#include "metrics/rules/early.h"
#include "metrics/rules/group.h"
#include "metrics/tsdb/head.h"

namespace watchbill::metrics::receive {

// Why a sample of a request is not in the store, beside the store's own reasons.
enum class WriteRefusal : std::uint8_t { bad_labels, bad_histogram };
inline constexpr std::size_t write_refusal_count = 2;
[[nodiscard]] std::string_view word(WriteRefusal refusal) noexcept;

// Why an exemplar of a request is not kept. It fails no request, as in Prometheus.
enum class ExemplarRefusal : std::uint8_t {
  bad_labels,
  no_series,     // no sample of its series was taken before
  out_of_order,  // older than the newest one of its series
  too_long,      // tsdb::ExemplarStore::characters_max
  off,           // the store keeps none
};
inline constexpr std::size_t exemplar_refusal_count = 5;
[[nodiscard]] std::string_view word(ExemplarRefusal refusal) noexcept;

// What came of one request.
struct WriteReport {
  // The body could not be read, so nothing was stored: invalid, or exhausted when a limit was met.
  std::optional<Error> unreadable;
  std::size_t body_bytes{0};     // decompressed
  std::size_t taken_count{0};    // samples that are in the store now, repetitions of the newest one too
  std::size_t refused_count{0};
  bool is_store_full{false};     // some were refused for want of room: the same request may succeed later
  std::string refusal;           // of the first that was refused for want of room, else of the first: for people
  std::vector<rules::RulePlace> readers;  // rules that are to be looked at, of the groups as configured
};

// Since the start. Any thread.
struct WriteCounts {
  using Count = std::atomic<std::uint64_t>;
  Count requests{0};
  Count unreadable_requests{0};
  Count samples{0};  // taken
  std::array<Count, tsdb::append_refusal_count> refused{};
  std::array<Count, write_refusal_count> refused_before{};
  Count exemplars{0};  // kept, or there already
  std::array<Count, exemplar_refusal_count> exemplars_dropped{};
};

class WriteStore {
 public:
  struct Limits {
    remote::WriteLimits request;
    // Of series that are known by the digest of their labels, twice as many at most; about 70 bytes each.
    std::size_t known_series_max{500'000};
    std::size_t known_name_bytes_max{8U << 20};  // of metrics whose readers are remembered, between two requests
    std::size_t help_bytes_max{16U << 10};  // of a family; a longer text is left out
  };
  // `head` outlives it.
  explicit WriteStore(tsdb::Head& head);
  WriteStore(tsdb::Head& head, const Limits& limits);

  // Rules that are to be looked at when what they read arrives. The groups stay as they are until the next call.
  void configure(const std::vector<rules::RuleGroup>& groups);

  // Stores what a body holds, compressed as it was sent. All of it that can be taken is; a body that cannot be read to its end
  // writes nothing. Cost: 0.7 µs for a sample of a series that is known, 7 µs for one of a new series (bench/remote_write.cpp).
  [[nodiscard]] WriteReport store(std::string_view block);

  [[nodiscard]] const WriteCounts& counts() const noexcept { return counts_; }
  // What the names of metrics take whose readers are remembered. As store().
  [[nodiscard]] std::size_t known_name_bytes() const noexcept { return known_name_bytes_; }

 private:
  struct Known {
    tsdb::SeriesReference reference;
    std::uint32_t readers{0};  // in reader_sets_
  };
  using KnownSeries = std::unordered_map<LabelDigest, Known, LabelDigestHash>;
  // One series of the request: its samples are the next `count` of the batch, or its exemplars of the messages.
  struct Staged {
    std::string_view encoded_labels;
    Known* known{nullptr};
    std::size_t count{0};
  };

  [[nodiscard]] Status stage(std::string_view body, WriteReport& report);
  void stage_series(const remote::WriteRequestReader& reader, std::string_view body, WriteReport& report);
  void stage_exemplars(const remote::WriteRequestReader& reader, std::string_view encoded, Known* known);
  void add_samples(const remote::WriteRequestReader& reader, WriteReport& report);
  void describe(const remote::FamilyMetadata& family);
  [[nodiscard]] Known* find(const LabelDigest& digest);
  [[nodiscard]] Known* remember(const LabelDigest& digest, const Labels& labels);
  [[nodiscard]] std::uint32_t readers_of(const Labels& labels);
  void forget_names();
  void write();
  void append(std::span<tsdb::BatchSample> batch);
  void write_outdated();
  void write_exemplars();
  void write_exemplars(const Labels& series, std::span<const std::string_view> messages);
  void tell(WriteReport& report);
  void refuse(WriteRefusal reason, std::size_t count, std::string text, WriteReport& report);

  tsdb::Head& head_;
  const Limits limits_;
  WriteCounts counts_;
  KnownSeries young_, old_;  // those met since old_ became full, and those before
  std::vector<rules::RuleGroup> const* groups_{nullptr};
  std::map<std::string, std::vector<rules::RulePlace>, std::less<>> readers_by_name_;
  std::size_t known_name_bytes_{0};
  std::map<std::vector<rules::RulePlace>, std::uint32_t> reader_set_numbers_;
  std::vector<std::vector<rules::RulePlace>> reader_sets_;

  // Of one request; kept for its memory.
  std::vector<Staged> staged_;
  std::vector<tsdb::BatchSample> batch_;
  std::deque<Labels> labels_;           // of series that are new here
  std::deque<std::string> histograms_;  // encoded
  std::deque<std::string> gathered_;    // encoded labels that do not stand in the body as they are
  std::set<std::uint32_t> touched_;     // reader sets
  // Counted once the request turns out to be readable to its end.
  std::array<std::size_t, write_refusal_count> refused_before_{};
  std::vector<Staged> staged_exemplars_;
  std::vector<std::string_view> exemplars_;  // messages
};

}  // namespace watchbill::metrics::receive
