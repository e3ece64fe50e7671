// depends: wb_drivers_net
// Answers of mail servers: read whole and in pieces, what an EHLO offers, and what is said to a challenge. The first byte is the
// size of the pieces.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "drivers/net/smtp_answer.h"
#include "drivers/net/smtp_login.h"

namespace {

using watchbill::drivers::net::SmtpAnswerReader;

// Bytes taken, up to the end of the first answer or what cannot be in one.
std::size_t feed(SmtpAnswerReader& reader, std::string_view bytes, std::size_t piece) {
  std::size_t taken = 0;
  while (taken < bytes.size() && reader.state() == SmtpAnswerReader::State::reading)
    taken += reader.put(bytes.substr(taken, piece));
  return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace watchbill::drivers::net;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  SmtpAnswerReader whole, pieces;
  const std::size_t taken = feed(whole, bytes, bytes.size()), taken_in_pieces = feed(pieces, bytes, std::size_t{1} + data[0]);
  WB_ASSERT(whole.state() == pieces.state(), "how it is cut does not matter");
  if (whole.state() != SmtpAnswerReader::State::whole) return 0;
  WB_ASSERT(taken == taken_in_pieces && bytes[taken - 1] == '\n', "an answer ends with its line");
  const SmtpAnswer answer = whole.take(), same = pieces.take();
  WB_ASSERT(answer.code == same.code && answer.lines == same.lines, "how it is cut does not matter");
  WB_ASSERT(!answer.lines.empty() && answer.lines.size() <= smtp_lines_max, "lines are bounded");
  WB_ASSERT(answer.code >= 200 && answer.code < 600 && answer.shown().size() <= 300, "what is shown is bounded");
  for (const char c : answer.shown()) WB_ASSERT(c >= ' ' && c <= '~', "what is shown is one line");
  (void)answer.shown_code();
  watchbill::ports::MailCall call;
  call.username = "user";
  call.password = call.secret = "secret";
  const auto chosen = choose_login(offer_of(answer), call, true);
  if (!chosen || !*chosen) return 0;
  SmtpLogin login(**chosen, call);
  for (int i = 0; i < 3; ++i)
    if (const std::optional<std::string> said = login.answer(answer.lines.front()))
      WB_ASSERT(said->find_first_of("\r\n") == std::string::npos, "one line");
  return 0;
}
