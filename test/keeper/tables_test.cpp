// The parts that need no process: messages, the heap of what is due, the ring of reports, captures.
#include <fstream>
#include <random>

#include "keeper/harness.h"
#include "keeper/outcomes.h"
#include "keeper/processes.h"
#include "keeper/tables.h"

namespace watchbill::keeper::testing {
namespace {

TEST(keeper_tables, the_heap_gives_what_is_due_first_whatever_changes) {
  std::mt19937 random(3);
  std::vector<Workload> workloads(60);
  DueHeap heap;
  for (int i = 0; i < 20'000; ++i) {
    Workload& changed = workloads[random() % workloads.size()];
    heap.set(changed, random() % 4 == 0 ? Instant::never() : Instant{static_cast<std::int64_t>(random() % 1000)});
    Instant first = Instant::never();
    for (const Workload& workload : workloads) first = std::min(first, workload.due_at);
    ASSERT_EQ(heap.first() == nullptr, first == Instant::never());
    if (heap.first() != nullptr) {
      ASSERT_EQ(heap.first()->due_at, first);
    }
  }
}

TEST(keeper_tables, a_full_ring_drops_the_oldest_and_says_how_many) {
  Outcomes outcomes(4096);
  const std::string frame(100, 'x');
  std::uint32_t dropped = 0;
  for (std::uint64_t number = 1; number <= 200; ++number) dropped += outcomes.keep(number, frame);
  std::uint64_t number = 0;
  std::uint64_t found = 0;
  std::uint32_t kept = 0;
  std::uint64_t last = 0;
  for (auto bytes = outcomes.after(number, found); !bytes.empty(); bytes = outcomes.after(found, found)) {
    EXPECT_EQ(bytes, frame);
    EXPECT_GT(found, last);
    last = found;
    ++kept;
  }
  EXPECT_EQ(last, 200U);
  EXPECT_EQ(kept + dropped, 200U);
  outcomes.acknowledge(199);
  EXPECT_FALSE(outcomes.after(0, found).empty());
  EXPECT_EQ(found, 200U);
  outcomes.acknowledge(200);
  EXPECT_TRUE(outcomes.empty());
}

TEST(keeper_wire, an_order_is_read_as_it_was_written_and_never_from_a_part_of_it) {
  Order order("w", shell("echo"));
  order.pre_stop({"a", "b"});
  order.order.hang.emplace();
  order.order.max_runtime = Duration::seconds(3);
  wire::GiveOrder give{order.order, {}};
  (void)give.spent.add(Duration{77});
  std::vector<char> bytes(wire::frame_bytes_max);
  const std::size_t size = wire::write_frame(bytes, 9, give);
  ASSERT_NE(size, 0U);
  wire::Frame frame;
  for (std::size_t part = 0; part < size; ++part)
    ASSERT_EQ(wire::read_frame({bytes.data(), part}, frame), wire::FrameStatus::incomplete);
  ASSERT_EQ(wire::read_frame({bytes.data(), size}, frame), wire::FrameStatus::complete);
  EXPECT_EQ(frame.type, wire::MessageType::give_order);
  EXPECT_EQ(frame.number, 9U);
  wire::GiveOrder read;
  ASSERT_TRUE(wire::read_message(frame.body, read));
  EXPECT_EQ(read.order.name, "w");
  EXPECT_EQ(read.order.stop.pre_stop.count(), 2U);
  EXPECT_EQ(read.order.stop.pre_stop.take_first(), "a");
  EXPECT_EQ(read.order.max_runtime, Duration::seconds(3));
  EXPECT_EQ(read.spent.all()[0].ms, 77);
  for (std::size_t part = 0; part < frame.body.size(); ++part) {
    wire::GiveOrder ignored;
    ASSERT_FALSE(wire::read_message(frame.body.substr(0, part), ignored));
  }
}

TEST(keeper_wire, a_text_with_a_nul_cannot_become_an_argument) {
  std::string packed;
  EXPECT_FALSE(wire::TextList::append(packed, std::string_view("a\0b", 3)));
  EXPECT_TRUE(packed.empty());
}

TEST(keeper_processes, only_a_unit_of_systemd_ends_as_a_whole) {
  EXPECT_TRUE(is_within_unit("0::/system.slice/watchbill.service\n"));
  EXPECT_TRUE(is_within_unit("2:cpu:/\n0::/user.slice/user-0.slice/session-3.scope"));
  EXPECT_TRUE(is_within_unit("0::/system.slice/a.service/below\n"));
  for (const char* text : {"", "0::/\n", "9:name=systemd:/\n0::/\n", "4:memory:/docker/0123\n", "0::/my.services/x\n"})
    EXPECT_FALSE(is_within_unit(text)) << text;
}

TEST(keeper_processes, a_control_group_that_is_to_be_killed_is_never_our_own) {
  for (const char* directory : {"/sys/fs/cgroup/system.slice/nginx.service", "/sys/fs/cgroup/unified/a.slice/b.service"})
    EXPECT_TRUE(is_cgroup_of_others(directory)) << directory;
  for (const char* directory : {"", "/", "/sys/fs/cgroup", "/sys/fs/cgroup/", "/etc/nginx.service", "sys/fs/cgroup/a.service",
                                "/sys/fs/cgroup/a/../b.service", "/sys/fs/cgroup/..", "/sys/fs/cgroup/unified",
                                "/sys/fs/cgroup/system.slice", "/sys/fs/cgroup/a//b.service", "/sys/fs/cgroup/b.service/.",
                                "/sys/fs/cgroup/b.service/", "/sys/fs/cgroup/./b.service"})
    EXPECT_FALSE(is_cgroup_of_others(directory)) << directory;
  EXPECT_FALSE(is_cgroup_of_others("/sys/fs/cgroup/" + std::string(500, 'a')));
  EXPECT_FALSE(is_cgroup_of_others(std::string_view("/sys/fs/cgroup/a\0b", 18)));
  std::ifstream own("/proc/self/cgroup");
  for (std::string line; std::getline(own, line);) {
    std::string path = line.substr(line.find(':', line.find(':') + 1) + 1);
    for (; path.size() > 1; path.resize(path.rfind('/')))
      for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"})
        EXPECT_FALSE(is_cgroup_of_others(mount + path)) << "this process is in it, or below it: " << path;
  }
}

}  // namespace
}  // namespace watchbill::keeper::testing
