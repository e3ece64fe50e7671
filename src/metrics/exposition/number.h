// Sample values as text, under the name that readers and writers of metrics pages know them by.
#pragma once

#include "base/number.h"

namespace watchbill::metrics::exposition {

using watchbill::append_number;
using watchbill::parse_number;

}  // namespace watchbill::metrics::exposition
