// The two programs that are asked the same: a real Prometheus and watchbill, each with the same samples.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/time.h"
#include "differential/harness/verdict.h"
#include "serve/neighbour.h"
#include "serve/program.h"

namespace watchbill::differential {

// One question: an expression and when. Without a step it is an instant query at `start`.
struct Question {
  std::string expression;
  Instant start;
  Instant end;
  std::optional<Duration> step;
  [[nodiscard]] bool is_range() const noexcept { return step.has_value(); }
  // As the form that is sent.
  [[nodiscard]] std::string form() const;
};

struct Replies {
  Reply prometheus;
  Reply watchbill;
};

// Both, started in a folder of their own, with the samples of a world. One thread.
class Sides {
 public:
  // The world begins at a multiple of ten minutes, 50 to 60 minutes ago: both stores take samples of the last hour.
  // `prometheus`: its program. When something does not start or take the samples, trouble() says so.
  Sides(const std::string& prometheus, std::uint64_t world_seed);
  Sides(const Sides&) = delete;
  Sides& operator=(const Sides&) = delete;

  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }
  [[nodiscard]] Instant begin() const noexcept { return begin_; }
  // Asks both at the same time, watchbill with the semantics of Prometheus 2.
  [[nodiscard]] Replies ask(const Question& question);
  // Asks Prometheus alone.
  [[nodiscard]] Reply ask_prometheus(const Question& question);

 private:
  // A connection that is kept, and made anew when the other side ended it.
  struct Line {
    std::uint16_t port{0};
    std::unique_ptr<serve_test::Connection> connection;
    void send(const std::string& request);
    [[nodiscard]] Reply reply(const std::string& request);
  };
  void feed(std::uint64_t world_seed);
  [[nodiscard]] bool write(const std::string& body);

  serve_test::TemporaryDirectory directory_;
  Instant begin_;
  std::string trouble_;
  std::optional<serve_test::Prometheus> prometheus_;
  std::optional<serve_test::Controller> watchbill_;
  Line to_prometheus_;
  Line to_watchbill_;
};

}  // namespace watchbill::differential
