// What stands in for the world around the API: a loop that runs everything at once, a clock that stands, no logs, and who takes
// an answer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "ports/clock.h"
#include "ports/http.h"
#include "ports/io_loop.h"
#include "ports/logs.h"

namespace watchbill::api {

class LoopAtOnce final : public ports::IoLoop {
 public:
  void post(std::function<void()> task) override { task(); }
  ports::TimerId after(Duration, std::function<void()>) override { return {}; }
  void cancel(ports::TimerId) override {}
  Status watch(int, ports::Readiness, std::function<void(ports::Readiness)>) override { return {}; }
  void unwatch(int) override {}
};

class ClockThatStands final : public ports::ClockPort {
 public:
  ports::ClockReading now() override { return {}; }
};

class NoLogs final : public ports::LogPort {
 public:
  Result<ports::LogPart> last(const std::string&, std::uint32_t) override { return ports::LogPart{}; }
  Result<ports::LogPart> behind(const std::string&, ports::LogPosition) override { return ports::LogPart{}; }
};

// Answers of a route; none yet: it is still asked.
using Reply = std::shared_ptr<std::optional<ports::HttpResponse>>;

struct ReplyTo final : ports::HttpResponder {
  ReplyTo(Reply told, const bool& left) : reply(std::move(told)), has_caller_left(left) {}
  [[nodiscard]] bool has_left() const noexcept override { return has_caller_left; }
  void answer(ports::HttpResponse response) override { *reply = std::move(response); }
  void begin_stream(ports::HttpResponse, ports::HttpStreamRules) override {}
  ports::HttpStreamState write(std::string) override { return ports::HttpStreamState::closed; }
  void end() override {}
  Reply reply;
  const bool& has_caller_left;
};

}  // namespace watchbill::api
