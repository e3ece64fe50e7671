// depends: wb_model_wire wb_base
// Frames and every message: whatever is read is within its input, and what was read is written to the same bytes again.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "model/wire/frame.h"

namespace wire = watchbill::model::wire;

namespace {

template <class Message>
void round_trip(const wire::Frame& frame) {
  Message message;
  if (!wire::read_message(frame.body, message)) return;
  static std::vector<char> out(wire::frame_bytes_max);
  const std::size_t size = wire::write_frame(out, frame.number, message);
  const std::string_view written(out.data(), size);
  if (size != wire::frame_header_bytes + frame.body.size() || written.substr(wire::frame_header_bytes) != frame.body)
    std::abort();
}

template <class... Messages>
void round_trip_all(const wire::Frame& frame) { (round_trip<Messages>(frame), ...); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (wire::Frame frame; wire::read_frame(bytes, frame) == wire::FrameStatus::complete; bytes.remove_prefix(frame.size)) {
    if (frame.size < wire::frame_header_bytes || frame.size > bytes.size()) std::abort();
    round_trip_all<wire::Hello, wire::GiveOrder, wire::ForgetOrder, wire::Start, wire::Stop, wire::Signal, wire::TellStable,
                   wire::Exec, wire::Probe, wire::QueryEffect, wire::Acknowledge, wire::AskSnapshot, wire::Replace, wire::Welcome,
                   wire::Accepted, wire::Refused, wire::EffectKnown, wire::ProbeDone, wire::WorkloadState, wire::SnapshotEnd,
                   wire::Started, wire::Exited, wire::RestartDecided, wire::Settled, wire::Hung, wire::StopAdvanced,
                   wire::Diagnosed, wire::OutputGap, wire::HookFailed, wire::BecameReady, wire::Beat, wire::TaskNoted,
                   wire::EffectDone, wire::Adopted, wire::Unlogged, wire::OutcomesDropped, wire::Replaced, wire::EndEffect,
                   wire::GuardHello, wire::GuardController, wire::SignalController, wire::EndController, wire::ControllerState,
                   wire::ControllerOutput>(frame);
    wire::Exec exec;
    if (wire::read_message(frame.body, exec))
      for (wire::TextList list = exec.program.argv; !list.empty();) (void)list.take_first();
  }
  return 0;
}
