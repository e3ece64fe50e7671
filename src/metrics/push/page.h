// What readers are given of pushed groups: families for a metrics page, and the Pushgateway's JSON of them.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "metrics/exposition/page.h"
#include "metrics/push/group.h"

namespace watchbill::metrics::push {

using GroupPointers = std::span<const std::shared_ptr<const Group>>;

// Adds all families of the groups to a page, which may have others already. One that the page has with another type is left
// out; of two help texts the page's own counts, then that of the first group. Native histograms are left out: the text format has
// no words for them.
void add_to_page(exposition::Page& page, GroupPointers groups);

// The array that GET /api/v1/metrics of a Pushgateway has as `data`.
[[nodiscard]] std::string groups_json(GroupPointers groups);

}  // namespace watchbill::metrics::push
