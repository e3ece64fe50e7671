#include "model/wire/frame.h"

#include <algorithm>

namespace watchbill::model::wire {

FrameStatus read_frame(std::string_view bytes, Frame& frame) noexcept {
  if (bytes.size() < 4) return FrameStatus::incomplete;
  Reader header(bytes.substr(0, std::min(bytes.size(), frame_header_bytes)));
  std::uint32_t size = 0;
  header(size);
  if (size < frame_header_bytes - 4 || size > frame_bytes_max - 4) return FrameStatus::malformed;
  if (bytes.size() < size + 4U) return FrameStatus::incomplete;
  std::uint8_t type = 0;
  header(type);
  header(frame.number);
  frame.type = type <= static_cast<std::uint8_t>(last_value(MessageType{})) ? static_cast<MessageType>(type) : MessageType::none;
  frame.size = size + 4U;
  frame.body = bytes.substr(frame_header_bytes, frame.size - frame_header_bytes);
  return FrameStatus::complete;
}

}  // namespace watchbill::model::wire
