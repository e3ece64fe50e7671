// Sample values as text, under the name that readers and writers of metrics pages know them by.
#pragma once

#include "base/number.h"

namespace watchbill::metrics::exposition {

using watchbill::append_number;
using watchbill::parse_number;
using watchbill::read_short_decimal;
using watchbill::ShortDecimal;

}  // namespace watchbill::metrics::exposition
