// Flags of Prometheus' that `serve` does not take: what to write in their place.
#pragma once

#include <string>
#include <string_view>

namespace watchbill::cli {

// A sentence for a word of the command line that is such a flag, with or without a value: "--config.file: …". Empty for others,
// and for those that are taken. Source: the flags of Prometheus 2.42 and 3.
[[nodiscard]] std::string instead_of(std::string_view word);

}  // namespace watchbill::cli
