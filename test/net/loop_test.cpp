// The loop itself, and the probes on it.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <thread>

#include "drivers/net/prober.h"
#include "net/loopback.h"

namespace watchbill::drivers::net {
namespace {

using ports::ProbeVerdict;
using ports::Readiness;

TEST(loop, posted_work_runs_in_order_on_the_loop) {
  LoopThread thread;
  std::vector<int> order;
  std::thread::id where;
  for (int i = 0; i < 100; ++i)
    thread.loop.post([&order, &where, i] {
      order.push_back(i);
      where = std::this_thread::get_id();
    });
  thread.run([] {});
  ASSERT_EQ(order.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  EXPECT_NE(where, std::this_thread::get_id());
}

TEST(loop, timers_run_once_in_the_order_of_their_times_unless_cancelled) {
  Loop loop;
  std::string order;
  loop.after(Duration::milliseconds(20), [&] { order += "c"; });
  loop.after(Duration::milliseconds(1), [&] { order += "b"; });
  const ports::TimerId cancelled = loop.after(Duration::milliseconds(5), [&] { order += "X"; });
  const ports::TimerId early = loop.after(Duration{}, [&] { order += "a"; });
  loop.after(Duration::milliseconds(2), [&] { loop.cancel(cancelled); });
  loop.after(Duration::milliseconds(30), [&] {
    loop.cancel(early);  // long gone
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(order, "abc");
}

TEST(loop, a_timer_that_has_expired_can_still_be_cancelled) {
  Loop loop;
  bool ran = false;
  ports::TimerId second{};
  loop.post([&] {
    // Both expire while this callback holds the loop; the first cancels the second.
    loop.after(Duration{}, [&] { loop.cancel(second); });
    second = loop.after(Duration{}, [&] { ran = true; });
    loop.after(Duration::milliseconds(5), [&] { loop.stop(); });
  });
  loop.run();
  EXPECT_FALSE(ran);
}

TEST(loop, a_watch_is_level_triggered_until_it_ends) {
  Loop loop;
  const int fd = ::eventfd(3, EFD_SEMAPHORE | EFD_CLOEXEC);  // readable for three reads
  int count = 0;
  ASSERT_TRUE(loop.watch(fd, {.readable = true, .writable = false}, [&](Readiness ready) {
    EXPECT_TRUE(ready.readable);
    ++count;
    std::uint64_t value = 0;
    if (count >= 3) {  // twice nothing is taken: it comes again
      EXPECT_EQ(::read(fd, &value, sizeof value), static_cast<ssize_t>(sizeof value));
    }
    if (count == 4) {
      loop.unwatch(fd);
      loop.post([&] { loop.stop(); });
    }
  }));
  loop.run();
  EXPECT_EQ(count, 4);
  std::uint64_t value = 0;
  EXPECT_EQ(::read(fd, &value, sizeof value), static_cast<ssize_t>(sizeof value)) << "the descriptor is still ours and open";
  ::close(fd);
}

TEST(loop, a_watch_tells_readable_from_writable_and_can_be_replaced) {
  Loop loop;
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  std::string order;
  ASSERT_TRUE(loop.watch(pair[0], {.readable = true, .writable = true}, [&](Readiness ready) {
    EXPECT_TRUE(ready.writable) << "nothing was sent yet";
    order += "w";
    ASSERT_TRUE(loop.watch(pair[0], {.readable = true, .writable = false}, [&](Readiness later) {
      EXPECT_TRUE(later.readable);
      order += "r";
      loop.unwatch(pair[0]);
      loop.stop();
    }));
    ASSERT_EQ(::send(pair[1], "x", 1, MSG_NOSIGNAL), 1);
  }));
  loop.run();
  EXPECT_EQ(order, "wr");
  ::close(pair[0]);
  ::close(pair[1]);
}

TEST(loop, what_cannot_be_waited_for_is_refused) {
  Loop loop;
  EXPECT_FALSE(loop.watch(-1, {.readable = true, .writable = false}, [](Readiness) {}));
  std::FILE* file = std::tmpfile();
  EXPECT_FALSE(loop.watch(::fileno(file), {.readable = true, .writable = false}, [](Readiness) {}));
  std::fclose(file);
}

TEST(loop, a_door_outlives_its_loop) {
  std::shared_ptr<LoopDoor> door;
  {
    Loop loop;
    door = loop.door();
    EXPECT_TRUE(door->post([] {}));
  }
  EXPECT_FALSE(door->post([] {}));
  EXPECT_FALSE(door->enter([] { ADD_FAILURE() << "ran on no loop"; }));
}

class ProberUnderTest {
 public:
  ports::ProbeResult tcp(const std::string& host, std::uint16_t port, Duration timeout = Duration::seconds(10)) {
    return wait([&](ports::ProbeDone done) { prober.connect_tcp(host, port, timeout, std::move(done)); });
  }
  ports::ProbeResult unix_socket(const std::string& path, Duration timeout = Duration::seconds(10)) {
    return wait([&](ports::ProbeDone done) { prober.connect_unix(path, timeout, std::move(done)); });
  }

 private:
  ports::ProbeResult wait(const std::function<void(ports::ProbeDone)>& start) {
    std::promise<ports::ProbeResult> promise;
    std::future<ports::ProbeResult> future = promise.get_future();
    thread.run([&] {
      const auto is_within = std::make_shared<bool>(true);
      start([&promise, is_within](ports::ProbeResult result) {
        EXPECT_FALSE(*is_within);
        promise.set_value(std::move(result));
      });
      *is_within = false;
    });
    return future.get();
  }
  LoopThread thread;
  Prober prober{thread.loop};
};

TEST(probe, tcp_passes_with_a_connection) {
  RawServer server;
  ProberUnderTest prober;
  EXPECT_EQ(prober.tcp("127.0.0.1", server.port()).verdict, ProbeVerdict::pass);
  const ports::ProbeResult by_name = prober.tcp("localhost", server.port());  // ::1 refuses, 127.0.0.1 is next
  EXPECT_EQ(by_name.verdict, ProbeVerdict::pass) << by_name.detail;
}

TEST(probe, a_refusal_and_silence_are_fail) {
  std::uint16_t closed = 0;
  {
    RawServer server;
    closed = server.port();
  }
  ProberUnderTest prober;
  const ports::ProbeResult refused = prober.tcp("127.0.0.1", closed);
  EXPECT_EQ(refused.verdict, ProbeVerdict::fail);
  EXPECT_NE(refused.detail.find("Connection refused"), std::string::npos) << refused.detail;
  RawServer full{0};
  RawClient filler{full.port()};
  ports::ProbeResult silent;
  for (int i = 0; i < 3 && silent.verdict != ProbeVerdict::fail; ++i)
    silent = prober.tcp("127.0.0.1", full.port(), Duration::milliseconds(100));
  EXPECT_EQ(silent.verdict, ProbeVerdict::fail) << silent.detail;
  EXPECT_GE(silent.took.ms, 95);
}

TEST(probe, a_name_that_does_not_resolve_is_our_error) {
  ProberUnderTest prober;
  const ports::ProbeResult result = prober.tcp("no-such-host.invalid", 80, Duration::milliseconds(500));
  EXPECT_EQ(result.verdict, ProbeVerdict::error);
  EXPECT_NE(result.detail.find("resolve no-such-host.invalid"), std::string::npos) << result.detail;
}

class UnixSocket {
 public:
  explicit UnixSocket(int backlog) {
    std::string pattern = std::filesystem::temp_directory_path() / "watchbill-probe-XXXXXX";
    folder = ::mkdtemp(pattern.data());
    path = folder + "/socket";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd, backlog), 0);
  }
  ~UnixSocket() {
    ::close(fd);
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  UnixSocket(const UnixSocket&) = delete;
  UnixSocket& operator=(const UnixSocket&) = delete;
  const int fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::string folder, path;
};

TEST(probe, unix_sockets_pass_fail_and_err_likewise) {
  ProberUnderTest prober;
  std::string path;
  {
    UnixSocket socket{8};
    path = socket.path;
    EXPECT_EQ(prober.unix_socket(path).verdict, ProbeVerdict::pass);
    const ports::ProbeResult not_a_socket = prober.unix_socket(socket.folder);
    EXPECT_EQ(not_a_socket.verdict, ProbeVerdict::fail) << not_a_socket.detail;
  }
  EXPECT_EQ(prober.unix_socket(path).verdict, ProbeVerdict::fail) << "no such file";
  EXPECT_EQ(prober.unix_socket("").verdict, ProbeVerdict::error);
  EXPECT_EQ(prober.unix_socket(std::string(200, 'x')).verdict, ProbeVerdict::error) << "longer than any socket's path";
  EXPECT_EQ(prober.unix_socket("@watchbill-test-no-such-name").verdict, ProbeVerdict::fail);
}

TEST(probe, a_unix_socket_whose_queue_is_full_is_waited_for) {
  ProberUnderTest prober;
  UnixSocket socket{0};
  EXPECT_EQ(prober.unix_socket(socket.path).verdict, ProbeVerdict::pass) << "takes the one place, though it closed at once";
  EXPECT_EQ(prober.unix_socket(socket.path, Duration::milliseconds(60)).verdict, ProbeVerdict::fail);
  std::thread accepting{[&] { ::close(::accept4(socket.fd, nullptr, nullptr, SOCK_CLOEXEC)); }};
  EXPECT_EQ(prober.unix_socket(socket.path).verdict, ProbeVerdict::pass);
  accepting.join();
}

}  // namespace
}  // namespace watchbill::drivers::net
