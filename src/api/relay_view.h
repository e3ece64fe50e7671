// What the metrics page shows of the other Alertmanagers that are told of alerts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace watchbill::api {

struct RelayView {
  struct Peer {
    std::string url;  // that alerts are posted to
    std::uint64_t sent_count{0}, error_count{0};
  };
  std::vector<Peer> peers;
  std::uint64_t dropped_count{0};
  std::size_t waiting_count{0};
};

}  // namespace watchbill::api
