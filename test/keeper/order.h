// Orders for tests: they own their texts.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "model/wire/requests.h"

namespace watchbill::keeper::testing {

namespace wire = model::wire;

// An order that owns its texts. Change `order` freely before giving it.
struct Order {
  explicit Order(std::string workload_name, std::vector<std::string> command);
  void pre_stop(const std::vector<std::string>& command) { order.stop.pre_stop = pack(command); }
  void post_stop(const std::vector<std::string>& command) { order.stop.post_stop = pack(command); }
  wire::TextList pack(const std::vector<std::string>& texts);

  std::deque<std::string> texts;
  wire::StandingOrder order;
};
wire::Program program(Order& owner, const std::vector<std::string>& command);
std::vector<std::string> actor(std::vector<std::string> arguments);
std::vector<std::string> shell(const std::string& script);

}  // namespace watchbill::keeper::testing
