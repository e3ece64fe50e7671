// A push as it was sent: the grouping key in its path, the metrics in its body. Pure; time linear in what is read.
// Source: prom/pushgateway 1.x (handler/push.go), expfmt.TextParser for which sample belongs to which family.
#pragma once

#include <string_view>

#include "base/result.h"
#include "metrics/push/group.h"

namespace watchbill::metrics::push {

// The grouping key of `rest`, which follows "/metrics/job/" or, with `is_job_base64`, "/metrics/job@base64/", still
// percent-encoded: "JOB/LABEL/VALUE/LABEL@base64/VALUE". Fails (invalid) and says what was expected: a job, labels with values,
// names of labels that do not begin with __, base64 of URLs (padding may be missing), UTF-8.
[[nodiscard]] Result<PushLabels> key_of_path(std::string_view rest, bool is_job_base64);

// The metrics of a body.
struct PushedBody {
  Families families;            // with the labels of the body; no family is empty
  bool has_timestamps{false};   // of any sample; then it must be refused
};

struct BodyLimits {
  std::size_t bytes_max{std::size_t{64} << 20};  // when it is unpacked
  std::size_t sample_count_max{200'000};
};

// Reads a page in the text format 0.0.4, whose last line must end. Fails (invalid, exhausted) with the place.
[[nodiscard]] Result<PushedBody> read_text(std::string_view body, const BodyLimits& limits = {});
// Reads messages io.prometheus.client.MetricFamily, each behind its length. Of two of one name the later one counts.
[[nodiscard]] Result<PushedBody> read_protobuf(std::string_view body, const BodyLimits& limits = {});

}  // namespace watchbill::metrics::push
