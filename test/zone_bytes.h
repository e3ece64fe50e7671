// Time zone files (TZif), made for tests: what a host has differs, and need not be there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace watchbill {

struct ZoneBytes {
  struct Transition {
    std::int64_t second{0};
    std::uint8_t type{0};
  };
  std::vector<std::int32_t> offsets{0};  // of the kinds of time; the first is that of the time before all transitions
  std::vector<Transition> transitions;
  std::string footer;
  char version{'2'};
  std::uint32_t leap_count{0};

  // A whole file: an empty block for readers of version 1, then this.
  [[nodiscard]] std::string text() const {
    std::string out = header(0, 1, 0);
    out += std::string(6, '\0') + '\0';
    out += header(transitions.size(), offsets.size(), leap_count);
    for (const Transition& each : transitions) add(out, static_cast<std::uint64_t>(each.second), 8);
    for (const Transition& each : transitions) out += static_cast<char>(each.type);
    for (const std::int32_t offset : offsets) {
      add(out, static_cast<std::uint32_t>(offset), 4);
      out += std::string(2, '\0');
    }
    out += '\0';
    for (std::uint32_t i = 0; i < leap_count; ++i) out += std::string(12, '\0');
    return out + "\n" + footer + "\n";
  }

 private:
  static void add(std::string& out, std::uint64_t value, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
  }
  [[nodiscard]] std::string header(std::size_t times, std::size_t types, std::size_t leaps) const {
    std::string out = "TZif";
    out += version;
    out += std::string(15, '\0');
    const std::uint64_t counts[] = {0, 0, leaps, times, types, 1};
    for (const std::uint64_t each : counts) add(out, each, 4);
    return out;
  }
};

inline constexpr const char* vienna_footer = "CET-1CEST,M3.5.0,M10.5.0/3";

}  // namespace watchbill
