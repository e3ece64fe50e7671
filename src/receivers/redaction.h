// What a far side said, fit for journals and logs: it may say our own secrets back.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace watchbill::receivers {

// At most `bytes_max` of `text` on one line, what cannot be printed as blanks, and "<secret>" wherever one of `secrets` stands:
// as it is, in base64, escaped for URLs or for JSON; of a secret that is a URL also what stands behind its host.
[[nodiscard]] std::string said_by(std::string_view text, const std::map<std::string, std::string>& secrets,
                                  std::size_t bytes_max);

}  // namespace watchbill::receivers
