#include "drivers/scrape/resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "base/assert.h"

namespace watchbill::drivers::scrape {
namespace {

using Clock = std::chrono::steady_clock;

// A channel has read resolv.conf when it began: later lookups begin another.
constexpr std::chrono::seconds channel_age_max{1};
constexpr std::size_t addresses_max = 4096;  // more do not fit into the 64 KiB of an answer
constexpr int class_internet = 1;

int type_number(DnsRecordType type) noexcept {
  switch (type) {
    case DnsRecordType::a: return 1;
    case DnsRecordType::aaaa: return 28;
    case DnsRecordType::mx: return 15;
    case DnsRecordType::srv: return 33;
  }
  return 1;
}

Error not_looked_up(ErrorKind kind, const std::string& name, std::string detail) {
  return Error{kind, "look up", name, std::move(detail)};
}

void initialise_library() {
  static std::once_flag is_done;
  std::call_once(is_done, [] { WB_ASSERT(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS, "there is memory"); });
}

template <class Address>
std::string address_text(int family, const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return ::inet_ntop(family, &address, text.data(), text.size()) == nullptr ? "" : text.data();
}

// The lists that the library gives, which it also frees.
template <class Reply>
using Replies = std::unique_ptr<Reply, void (*)(void*)>;

}  // namespace

std::vector<std::string> names_to_ask(const std::string& name, std::span<const std::string> domains, int dots_min) {
  if (name.ends_with('.')) return {name.substr(0, name.size() - 1)};
  const bool is_itself_first = std::count(name.begin(), name.end(), '.') >= dots_min;
  std::vector<std::string> out;
  if (is_itself_first) out.push_back(name);
  for (const std::string& domain : domains)
    out.push_back(domain.empty() || domain == "." ? name : name + "." + domain);
  if (!is_itself_first) out.push_back(name);
  return out;
}

Result<std::vector<DnsRecord>> records_in(std::span<const std::uint8_t> answer, DnsRecordType type) {
  const int size = static_cast<int>(std::min<std::size_t>(answer.size(), 1U << 16));
  std::vector<DnsRecord> out;
  int status = ARES_SUCCESS;
  const auto take = [&out](const std::string& host, std::uint16_t port) {
    // A name that is the root alone says that there is no such service (RFC 2782, RFC 7505).
    if (!host.empty()) out.push_back({host, port});
  };
  if (type == DnsRecordType::a) {
    std::vector<ares_addrttl> found(addresses_max);
    int count = static_cast<int>(found.size());
    status = ares_parse_a_reply(answer.data(), size, nullptr, found.data(), &count);
    for (int i = 0; status == ARES_SUCCESS && i < count; ++i)
      take(address_text(AF_INET, found[static_cast<std::size_t>(i)].ipaddr), 0);
  } else if (type == DnsRecordType::aaaa) {
    std::vector<ares_addr6ttl> found(addresses_max);
    int count = static_cast<int>(found.size());
    status = ares_parse_aaaa_reply(answer.data(), size, nullptr, found.data(), &count);
    for (int i = 0; status == ARES_SUCCESS && i < count; ++i)
      take(address_text(AF_INET6, found[static_cast<std::size_t>(i)].ip6addr), 0);
  } else if (type == DnsRecordType::srv) {
    ares_srv_reply* first = nullptr;
    status = ares_parse_srv_reply(answer.data(), size, &first);
    const Replies<ares_srv_reply> owned(first, ares_free_data);
    for (; status == ARES_SUCCESS && first != nullptr; first = first->next) take(first->host, first->port);
  } else {
    ares_mx_reply* first = nullptr;
    status = ares_parse_mx_reply(answer.data(), size, &first);
    const Replies<ares_mx_reply> owned(first, ares_free_data);
    for (; status == ARES_SUCCESS && first != nullptr; first = first->next) take(first->host, 0);
  }
  if (status == ARES_SUCCESS || status == ARES_ENODATA) return out;
  return Error{ErrorKind::invalid, "read", "the answer of a name server", ares_strerror(status)};
}

// One reading of resolv.conf, and the lookups that began with it.
class Resolver::Channel : public std::enable_shared_from_this<Channel> {
 public:
  Channel(ports::IoLoop& loop, const Settings& settings) : loop_(loop), settings_(settings) {}
  ~Channel() {
    if (timer_) loop_.cancel(*timer_);
    if (is_open_) ares_destroy(channel_);  // ends lookups and closes sockets, which it tells us
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  Status open();
  [[nodiscard]] bool is_idle() const { return waiting_ == 0; }
  [[nodiscard]] bool is_young() const { return Clock::now() - begin_ < channel_age_max; }
  void look_up(const std::string& name, DnsRecordType type, Done done);

 private:
  struct Lookup {
    Channel& channel;
    std::string name;
    DnsRecordType type;
    Done done;
    std::vector<std::string> asked;  // in turn
    std::size_t next{0};
    std::string failure;             // of a name to which no server gave a valid answer
  };

  void ask(std::unique_ptr<Lookup> lookup);
  static void on_answer(void* lookup, int status, int timeout_count, unsigned char* answer, int size);
  void take(std::unique_ptr<Lookup> lookup, int status, std::span<const std::uint8_t> answer);
  void finish(const Lookup& lookup, Result<std::vector<DnsRecord>> result);
  static void on_socket(void* channel, ares_socket_t socket, int readable, int writable);
  void process(ares_socket_t readable, ares_socket_t writable);
  void plan();

  ports::IoLoop& loop_;
  const Settings settings_;
  const Clock::time_point begin_{Clock::now()};
  ares_channel channel_{nullptr};
  bool is_open_{false};
  std::vector<std::string> domains_;
  int dots_min_{1};
  std::optional<ports::TimerId> timer_;
  std::size_t waiting_{0};  // lookups without an answer
};

Status Resolver::Channel::open() {
  initialise_library();
  ares_options options{};
  options.flags = ARES_FLAG_EDNS;
  options.timeout = static_cast<int>(settings_.timeout.ms);
  options.tries = settings_.attempt_count;
  options.sock_state_cb = on_socket;
  options.sock_state_cb_data = this;
  const int wanted = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  int status = ares_init_options(&channel_, &options, wanted);
  is_open_ = status == ARES_SUCCESS;
  if (is_open_ && !settings_.servers.empty()) status = ares_set_servers_ports_csv(channel_, settings_.servers.c_str());
  ares_options used{};
  int mask = 0;
  if (status == ARES_SUCCESS) status = ares_save_options(channel_, &used, &mask);
  if (status != ARES_SUCCESS) return Error{ErrorKind::invalid, "read", "/etc/resolv.conf", ares_strerror(status)};
  for (int i = 0; i < used.ndomains; ++i) domains_.emplace_back(used.domains[i]);
  if (used.ndots >= 0) dots_min_ = used.ndots;
  ares_destroy_options(&used);
  return {};
}

void Resolver::Channel::look_up(const std::string& name, DnsRecordType type, Done done) {
  ++waiting_;
  ask(std::make_unique<Lookup>(Lookup{*this, name, type, std::move(done), names_to_ask(name, domains_, dots_min_), 0, ""}));
  plan();
}

// The library gives the lookup back through on_answer(), perhaps from within.
void Resolver::Channel::ask(std::unique_ptr<Lookup> lookup) {
  const std::string name = lookup->asked[lookup->next++];
  const int type = type_number(lookup->type);
  ares_query(channel_, name.c_str(), class_internet, type, on_answer, lookup.release());
}

void Resolver::Channel::on_answer(void* lookup, int status, int, unsigned char* answer, int size) {
  std::unique_ptr<Lookup> mine(static_cast<Lookup*>(lookup));
  if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) return;
  Channel& channel = mine->channel;
  channel.take(std::move(mine), status, {answer, answer == nullptr ? 0 : static_cast<std::size_t>(size)});
}

void Resolver::Channel::take(std::unique_ptr<Lookup> lookup, int status, std::span<const std::uint8_t> answer) {
  // A name that exists without such records is an answer; one that does not exist may do so below the next domain.
  if (status == ARES_ENODATA) return finish(*lookup, std::vector<DnsRecord>());
  if (status == ARES_SUCCESS) {
    Result<std::vector<DnsRecord>> records = records_in(answer, lookup->type);
    if (records) return finish(*lookup, std::move(records));
    lookup->failure = records.error().detail;
  } else if (status != ARES_ENOTFOUND) {
    lookup->failure = ares_strerror(status);
  }
  if (lookup->next < lookup->asked.size()) return ask(std::move(lookup));
  if (lookup->failure.empty()) return finish(*lookup, std::vector<DnsRecord>());
  finish(*lookup, not_looked_up(ErrorKind::interrupted, lookup->name, "no name server gave a valid answer: " + lookup->failure));
}

// Posted: this may be within look_up(), and always is within a function of the library, which whoever is called may want to end.
void Resolver::Channel::finish(const Lookup& lookup, Result<std::vector<DnsRecord>> result) {
  loop_.post([weak = weak_from_this(), done = lookup.done, result = std::move(result)] {
    const auto channel = weak.lock();
    if (!channel) return;  // the resolver is gone
    --channel->waiting_;
    done(result);
  });
}

void Resolver::Channel::on_socket(void* channel, ares_socket_t socket, int readable, int writable) {
  auto& self = *static_cast<Channel*>(channel);
  if (readable == 0 && writable == 0) return self.loop_.unwatch(socket);
  const Status watched = self.loop_.watch(socket, {readable != 0, writable != 0}, [&self, socket](ports::Readiness ready) {
    self.process(ready.readable ? socket : ARES_SOCKET_BAD, ready.writable ? socket : ARES_SOCKET_BAD);
  });
  WB_ASSERT(watched.has_value(), "a socket that was just opened can be waited for");
}

void Resolver::Channel::process(ares_socket_t readable, ares_socket_t writable) {
  ares_process_fd(channel_, readable, writable);
  plan();
}

void Resolver::Channel::plan() {
  if (timer_) loop_.cancel(*std::exchange(timer_, std::nullopt));
  timeval wait{};
  if (ares_timeout(channel_, nullptr, &wait) == nullptr) return;
  // One more: what is due in part of a millisecond is not due yet.
  timer_ = loop_.after(Duration::milliseconds(wait.tv_sec * 1000 + wait.tv_usec / 1000 + 1), [this] {
    timer_.reset();
    process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

Resolver::Resolver(ports::IoLoop& loop, Settings settings) : loop_(loop), settings_(std::move(settings)) {}

void Resolver::stop() {
  is_alive_ = std::make_shared<const bool>(true);
  channels_.clear();
}

void Resolver::look_up(const std::string& name, DnsRecordType type, Done done) {
  if (channels_.empty() || !channels_.back()->is_young()) {
    std::erase_if(channels_, [](const auto& channel) { return channel->is_idle(); });
    auto fresh = std::make_shared<Channel>(loop_, settings_);
    if (const Status opened = fresh->open(); !opened)
      return loop_.post([is_alive = std::weak_ptr(is_alive_), done = std::move(done), error = opened.error()] {
        if (!is_alive.expired()) done(error);
      });
    channels_.push_back(std::move(fresh));
  }
  channels_.back()->look_up(name, type, std::move(done));
}

}  // namespace watchbill::drivers::scrape
