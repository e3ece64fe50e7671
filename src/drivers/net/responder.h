// The way back for one request of the server; on any thread, so it never touches the connection: it asks the loop to.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/assert.h"
#include "drivers/net/loop_context.h"
#include "drivers/net/message.h"
#include "drivers/net/stream_queue.h"
#include "ports/http.h"

namespace watchbill::drivers::net {

// Connection has on_answer(), on_stream() and on_wake(), which ignore an exchange that is over. May outlive it and the server.
template <class Connection>
class Responder final : public ports::HttpResponder {
 public:
  Responder(std::shared_ptr<LoopDoor> door, std::weak_ptr<Connection> connection, std::uint64_t exchange, bool accepts_gzip,
            StreamQueue::Limits limits, std::shared_ptr<const std::atomic<bool>> has_left)
      : door_(std::move(door)),
        connection_(std::move(connection)),
        exchange_(exchange),
        accepts_gzip_(accepts_gzip),
        limits_(limits),
        has_left_(std::move(has_left)) {}

  ~Responder() override {
    if (queue_) end();
    else if (!is_used_) answer(refuse(Refusal{500, "internal", 7, "the request was dropped without an answer", ""}));
  }

  [[nodiscard]] bool has_left() const noexcept override { return has_left_->load(std::memory_order_relaxed); }

  void answer(ports::HttpResponse response) override {
    WB_ASSERT(!is_used_, "a request is answered once");
    is_used_ = true;
    compress_body(response, accepts_gzip_);  // here: it takes time, and this is rarely the loop's thread
    enter([exchange = exchange_, response = std::move(response)](Connection& connection) mutable {
      connection.on_answer(exchange, std::move(response));
    });
  }

  void begin_stream(ports::HttpResponse head, ports::HttpStreamRules rules) override {
    WB_ASSERT(!is_used_, "a request is answered once");
    is_used_ = true;
    queue_ = std::make_shared<StreamQueue>(limits_);
    enter([exchange = exchange_, head = std::move(head), rules = std::move(rules), queue = queue_](
              Connection& connection) mutable { connection.on_stream(exchange, head, std::move(rules), std::move(queue)); });
  }

  ports::HttpStreamState write(std::string chunk) override {
    WB_ASSERT(queue_ != nullptr, "write() follows begin_stream()");
    const StreamQueue::Pushed pushed = queue_->push(std::move(chunk));
    if (pushed.wake) wake();
    return pushed.state;
  }

  void end() override {
    WB_ASSERT(queue_ != nullptr, "end() follows begin_stream()");
    if (queue_->end().wake) wake();
  }

 private:
  void wake() {
    enter([exchange = exchange_](Connection& connection) { connection.on_wake(exchange); });
  }

  // The weak pointer is locked on the loop only, so that a connection never dies on another thread.
  template <class Task>
  void enter(Task task) {
    door_->enter([weak = connection_, task = std::move(task)]() mutable {
      if (const std::shared_ptr<Connection> connection = weak.lock()) task(*connection);
    });
  }

  std::shared_ptr<LoopDoor> door_;
  std::weak_ptr<Connection> connection_;
  std::uint64_t exchange_;
  bool accepts_gzip_;
  StreamQueue::Limits limits_;
  std::shared_ptr<const std::atomic<bool>> has_left_;
  std::shared_ptr<StreamQueue> queue_;
  bool is_used_{false};
};

}  // namespace watchbill::drivers::net
