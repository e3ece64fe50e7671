#include "model/decide.h"

#include <span>

#include "base/bytes.h"
#include "base/sha256.h"

namespace watchbill {

std::string Context::new_id(std::string_view kind, std::size_t n) const {
  constexpr std::string_view separator("\0", 1);
  const Digest digest = Sha256()
                            .add(kind)
                            .add(separator)
                            .add(lineage.text)
                            .add(separator)
                            .add(std::to_string(sequence))
                            .add(separator)
                            .add(std::to_string(first_event + n))
                            .finish();
  return to_hex(std::span(digest.bytes).first<16>());
}

}  // namespace watchbill
