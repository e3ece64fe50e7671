// depends: wb_metrics_tsdb
// Any bytes as a segment of the sample log, as the payload of a good record, and as its name: read to the end, nothing but
// reports.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "base/sha256.h"
#include "metrics/tsdb/numbered_names.h"
#include "metrics/tsdb/sample_log.h"
#include "ports/files.h"

namespace {

namespace tsdb = watchbill::metrics::tsdb;
using watchbill::Result;
using watchbill::Status;

class OneFile final : public watchbill::ports::FilesPort {
 public:
  explicit OneFile(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::vector<std::string>> list(const std::string& /*folder*/) override {
    return std::vector<std::string>{"000001-000001.log"};
  }
  Result<std::string> read(const std::string& /*path*/, std::uint64_t /*bytes_max*/) override { return bytes_; }
  Result<std::string> read_part(const std::string& /*path*/, std::uint64_t offset, std::uint64_t bytes_max) override {
    return offset >= bytes_.size() ? std::string() : bytes_.substr(offset, bytes_max);
  }
  Status append(const std::string& /*path*/, std::string_view /*bytes*/) override { return {}; }
  Status replace(const std::string& /*path*/, std::string_view /*bytes*/) override { return {}; }
  Result<watchbill::ports::MappedBytes> map(const std::string& /*path*/) override {
    return watchbill::ports::MappedBytes{nullptr, bytes_, {}};
  }
  Status rename(const std::string& /*path*/, const std::string& /*new_path*/) override { return {}; }
  Status remove(const std::string& /*path*/) override { return {}; }

 private:
  std::string bytes_;
};

void load(std::string bytes) {
  const std::size_t size = bytes.size();
  OneFile files(std::move(bytes));
  tsdb::Head head;
  tsdb::SampleLog log(head, files, "samples");
  const Result<tsdb::LoadReport> report = log.load(watchbill::Instant{1'700'000'000'000});
  WB_ASSERT(report.has_value(), "damage is reported, not a failure");
  std::uint64_t damaged = report->torn_tail_bytes;
  for (const tsdb::DamagedRange& range : report->damaged) damaged += range.bytes;
  WB_ASSERT(damaged <= size, "no byte is damaged twice");
  // A sample again is taken as well, so the head may hold fewer.
  WB_ASSERT(head.statistics().sample_count <= report->sample_count, "what the head holds was reported");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  load(text);
  if (const auto numbers = tsdb::numbers_of(text, ".log"))
    WB_ASSERT(tsdb::numbered_name(*numbers, ".log") == text, "one name for each pair");
  std::string length;
  for (unsigned i = 0; i < 4; ++i) length.push_back(static_cast<char>(text.size() >> (8 * i)));
  const watchbill::Digest digest = watchbill::Sha256().add(length).add(text).finish();
  load("WBs1" + length + std::string(reinterpret_cast<const char*>(digest.bytes.data()), 8) + text);
  return 0;
}
