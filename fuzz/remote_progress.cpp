// depends: wb_base wb_metrics_sender wb_metrics_tsdb wb_ports
// The note of how far a remote is, and the sample log as a sender follows it: arbitrary bytes of both.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/sha256.h"
#include "metrics/sender/progress.h"
#include "metrics/tsdb/log_follower.h"

namespace {

namespace sender = watchbill::metrics::sender;
namespace tsdb = watchbill::metrics::tsdb;
using watchbill::Result;
using watchbill::Status;

void read(const std::string& text) {
  if (const std::optional<sender::Progress> progress = sender::read_progress(text))
    WB_ASSERT(sender::read_progress(sender::text_of(*progress)) == progress, "what was read is written the same");
}

// A log of two files, so that the first one is complete.
class TwoFiles final : public watchbill::ports::FilesPort {
 public:
  explicit TwoFiles(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::vector<std::string>> list(const std::string& /*folder*/) override {
    return std::vector<std::string>{"000001-000001.log", "000001-000002.log"};
  }
  Result<std::string> read(const std::string& /*path*/, std::uint64_t /*bytes_max*/) override { return bytes_; }
  Result<std::string> read_part(const std::string& /*path*/, std::uint64_t offset, std::uint64_t bytes_max) override {
    return offset >= bytes_.size() ? std::string() : bytes_.substr(offset, bytes_max);
  }
  Status append(const std::string& /*path*/, std::string_view /*bytes*/) override { return {}; }
  Status replace(const std::string& /*path*/, std::string_view /*bytes*/) override { return {}; }
  Result<watchbill::ports::MappedBytes> map(const std::string& path) override {
    return watchbill::Error{watchbill::ErrorKind::not_found, "map", path, ""};
  }
  Status rename(const std::string&, const std::string&) override { return {}; }
  Status remove(const std::string& /*path*/) override { return {}; }

 private:
  std::string bytes_;
};

void follow(std::string bytes) {
  const std::size_t size = bytes.size();
  TwoFiles files(std::move(bytes));
  tsdb::LogFollower follower(files, "samples", {16, 1U << 16});
  follower.begin({{1, 1, 0}, 0});
  std::uint64_t seen = 0;
  tsdb::LogPlace last;
  for (auto record = follower.next(); record && *record; record = follower.next()) {
    WB_ASSERT((*record)->at >= last && (*record)->behind > (*record)->at, "it goes forward");
    last = (*record)->behind;
    seen += (*record)->payload.size() + (*record)->damaged_bytes;
  }
  WB_ASSERT(seen <= 2 * size, "no byte is read twice");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read(text);
  read(text + "check " + watchbill::sha256(text).hex().substr(0, 16) + "\n");
  follow(text);
  std::string records;
  tsdb::append_framed(records, text);
  records += text;
  tsdb::append_framed(records, text);
  follow(records);
  return 0;
}
