// Reads DATA/logs/NAME.log and its rotated files NAME.log.1, NAME.log.2, … while a keeper writes them. See ports/logs.h.
#pragma once

#include <string>

#include "ports/logs.h"

namespace watchbill::drivers::agent {

class LogFiles final : public ports::LogPort {
 public:
  explicit LogFiles(const std::string& data) : folder_(data + "/logs/") {}

  [[nodiscard]] Result<ports::LogPart> last(const std::string& workload, std::uint32_t lines) override;
  [[nodiscard]] Result<ports::LogPart> behind(const std::string& workload, ports::LogPosition position) override;

 private:
  const std::string folder_;
};

}  // namespace watchbill::drivers::agent
