// depends: wb_model
// Stored bytes of a journal, as a damaged or hostile disk may give them: the header line, the payload with cause and events, the
// chain. Nothing crashes; what decodes encodes to the same bytes again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "model/record.h"

using namespace watchbill;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line_end = text.find('\n');
  const std::string_view line = text.substr(0, line_end == std::string_view::npos ? text.size() : line_end + 1);
  const std::string_view payload = line_end == std::string_view::npos ? text : text.substr(line_end + 1);
  if (const std::optional<RecordHeader> header = decode_header(line); header && encode_header(*header) != line) std::abort();
  static_cast<void>(continue_chain(ChainHead{}, StoredRecord{1, std::string(line), std::string(payload)}));
  const auto events = decode_events(payload);
  const auto body = decode_payload(payload);
  if (body && !events) std::abort();  // the replay reads less of a record, so it reads more records
  if (!body) return 0;
  const std::string written = encode_payload(*body);
  const auto again = decode_payload(written);
  if (!again || encode_payload(*again) != written) std::abort();
  return 0;
}
