// depends: wb_metrics_remote
// Any bytes as a body of remote write, and as a compressed one: read within bounds, and what is read survives being written and
// read again.
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "metrics/remote/block.h"
#include "metrics/remote/write_request.h"

namespace remote = watchbill::metrics::remote;
using Reader = remote::WriteRequestReader;

namespace {

constexpr std::size_t body_bytes_max = 1U << 16;

// Reads a body and writes what is in it; series whose labels are refused are left out, and so are
// histograms and exemplars.
bool rewrite(std::string_view body, remote::WriteRequestWriter& writer) {
  Reader reader(body);
  for (Reader::Entry entry = reader.next(); entry != Reader::Entry::end; entry = reader.next()) {
    if (entry == Reader::Entry::malformed) return false;
    if (entry == Reader::Entry::metadata) {
      writer.metadata(reader.metadata());
      continue;
    }
    const auto labels = remote::decode_labels(reader.encoded_labels());
    if (!labels) continue;
    std::vector<remote::HistogramSample> histograms;
    for (const std::string_view message : reader.histograms())
      if (auto read = remote::decode_histogram(message)) histograms.push_back(std::move(*read));
    std::vector<remote::ExemplarSample> exemplars;
    for (const std::string_view message : reader.exemplars()) {
      WB_ASSERT(remote::is_exemplar(message), "the reader gives no other");
      if (auto read = remote::decode_exemplar(message)) exemplars.push_back(std::move(*read));
    }
    writer.series(remote::encode_labels(*labels), reader.samples(), histograms, exemplars);
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto body = remote::decompress(bytes, body_bytes_max)) {
    const auto again = remote::decompress(remote::compress(*body), body_bytes_max);
    WB_ASSERT(again && *again == *body, "what is compressed comes back");
  }
  remote::WriteRequestWriter once;
  if (!rewrite(bytes, once)) return 0;
  remote::WriteRequestWriter twice;
  WB_ASSERT(rewrite(once.body(), twice), "what the writer writes the reader reads");
  WB_ASSERT(once.body() == twice.body(), "nothing is lost or changed");
  return 0;
}
