// What a Loop is made of. Includes asio: only for the few files that may (dependencies: Beast and Asio compile slowly).
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "ports/io_loop.h"

namespace watchbill::drivers::net {

namespace asio = boost::asio;

struct LoopContext {
  struct Watch {
    Watch(asio::io_context& io, int fd) : descriptor(io, fd) {}
    asio::posix::stream_descriptor descriptor;
    ports::Readiness wanted;
    std::function<void(ports::Readiness)> ready;
    bool is_stopped{false};
  };

  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::map<ports::TimerId, std::unique_ptr<asio::steady_timer>> timers;
  std::map<int, std::shared_ptr<Watch>> watches;
  std::uint64_t timer_count{0};
};

}  // namespace watchbill::drivers::net
