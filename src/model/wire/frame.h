// Frames: how messages follow each other on a stream. u32 size of what follows, u8 type, u64 number, then the message's fields.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "model/wire/guard.h"

namespace watchbill::model::wire {

// An outcome with two full streams, or an order with a full environment, fits.
inline constexpr std::size_t frame_bytes_max = 256U << 10;
inline constexpr std::size_t frame_header_bytes = 4 + 1 + 8;

// Writes one frame at the front of `out`; gives its size, or 0 when it does not fit in `out` or in frame_bytes_max.
template <class Message>
[[nodiscard]] std::size_t write_frame(std::span<char> out, std::uint64_t number, const Message& message) noexcept {
  if (out.size() > frame_bytes_max) out = out.first(frame_bytes_max);
  if (out.size() < frame_header_bytes) return 0;
  Writer body(out.subspan(frame_header_bytes));
  body(message);
  if (!body.fits()) return 0;
  Writer header(out);
  header(static_cast<std::uint32_t>(body.size() + frame_header_bytes - 4));
  header(static_cast<std::uint8_t>(Message::type));
  header(number);
  return frame_header_bytes + body.size();
}

struct Frame {
  MessageType type{MessageType::none};  // none: a type this build does not know
  std::uint64_t number{0};
  std::string_view body;
  std::size_t size{0};  // of the whole frame
};

enum class FrameStatus : std::uint8_t { complete, incomplete, malformed };

// Looks for one frame at the front of `bytes`. `malformed`: its size cannot be right; nothing on this stream can be read any
// more.
[[nodiscard]] FrameStatus read_frame(std::string_view bytes, Frame& frame) noexcept;

// Reads the fields of a frame's message; false on anything else, also on bytes left over. Texts are views into `body`.
template <class Message>
[[nodiscard]] bool read_message(std::string_view body, Message& message) noexcept {
  Reader reader(body);
  reader(message);
  return reader.finished();
}

}  // namespace watchbill::model::wire
