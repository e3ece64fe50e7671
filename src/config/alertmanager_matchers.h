// Matchers as Alertmanager's file spells them, of routes and of inhibition rules.
#pragma once

#include <vector>

#include "config/cursor.h"
#include "model/configuration_routing.h"

namespace watchbill::config {

// All that an object says in its several spellings.
struct WrittenMatchers {
  std::vector<LabelMatcher> all;
  bool is_whole{true};  // none was complained about
};

// Each adds to `out`. A list of texts with any number of matchers each; and NAME: VALUE, the older spelling of = and =~.
void read_matcher_texts(const Cursor& at, WrittenMatchers& out);
void read_match(const Cursor& at, WrittenMatchers& out);
void read_match_re(const Cursor& at, WrittenMatchers& out);

}  // namespace watchbill::config
