#include "app/watch/push_desk.h"

#include <chrono>

#include "drivers/net/gzip.h"
#include "metrics/push/group_file.h"

namespace watchbill::app::watch {

namespace push = metrics::push;

namespace {

constexpr std::string_view folder = "pushed";
constexpr std::uint64_t file_bytes_max = std::uint64_t{256} << 20;  // push::GroupsLimits::bytes_max is less

constexpr std::uint32_t taken = 200, removed = 202, bad_request = 400, no_room = 429, come_again = 503;

std::string path_of(const push::PushLabels& key) { return std::string(folder) + "/" + push::file_name_of(key); }

// As the store has it for what is scraped.
std::string_view stored_word(metrics::exposition::FamilyType type) noexcept {
  return type == metrics::exposition::FamilyType::untyped ? "unknown" : word(type);
}

}  // namespace

PushDesk::PushDesk(Links links, push::Groups::Reserved reserved, const Limits& limits)
    : links_(std::move(links)), limits_(limits), groups_(std::move(reserved), limits.groups) {}

bool PushDesk::offer(api::PushAsk ask, std::function<void(api::PushOutcome)> done) {
  {
    const std::lock_guard lock(mutex_);
    const bool is_full = requests_.size() >= limits_.requests_max || waiting_bytes_ + ask.body.size() > limits_.bytes_max;
    if (is_stopped_ || (is_full && !requests_.empty())) return false;
    waiting_bytes_ += ask.body.size();
    requests_.push_back({std::move(ask), std::move(done)});
  }
  arrived_.notify_one();
  return true;
}

void PushDesk::run() {
  std::deque<Request> requests;
  for (bool is_said = false; !load(is_said);) {
    const bool goes_on = pause(requests);
    for (const Request& request : requests) request.done({come_again, "what was pushed before could not be loaded yet"});
    requests.clear();
    if (!goes_on) return;
  }
  while (take(requests)) {
    for (Request& request : requests) request.done(serve(std::move(request.ask)));
    requests.clear();
  }
  for (const Request& request : requests) request.done({come_again, "the controller is closing"});
}

// Waits for requests. False when it is over.
bool PushDesk::take(std::deque<Request>& requests) {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [this] { return is_stopped_ || !requests_.empty(); });
  return take_all(requests);
}

// Waits before it is tried again to load. False when it is over.
bool PushDesk::pause(std::deque<Request>& requests) {
  std::unique_lock lock(mutex_);
  arrived_.wait_for(lock, std::chrono::milliseconds(limits_.load_interval.ms), [this] { return is_stopped_; });
  return take_all(requests);
}

// With the lock.
bool PushDesk::take_all(std::deque<Request>& requests) {
  requests.swap(requests_);
  waiting_bytes_ = 0;
  return !is_stopped_;
}

void PushDesk::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  arrived_.notify_all();
}

std::vector<std::shared_ptr<const push::Group>> PushDesk::groups() const {
  const std::lock_guard lock(mutex_);
  return groups_.all();
}

// --- the last life ---

// False when it is not known which groups there are: who took a push then would write over what was answered before.
bool PushDesk::load(bool& is_said) {
  const auto names = links_.files.list(std::string(folder));
  if (!names) {
    if (!std::exchange(is_said, true))
      links_.complain("pushed groups: " + names.error().text() +
                      "; pushes are answered 503 until it goes, which is tried every " + format_duration(limits_.load_interval));
    return false;
  }
  for (const std::string& name : *names)
    if (name.ends_with(push::group_file_suffix)) load_file(std::string(folder) + "/" + name);
  changed();
  return true;
}

// A file that cannot be read stays as it is: a push to its group replaces it.
void PushDesk::load_file(const std::string& path) {
  const Result<std::string> bytes = links_.files.read(path, file_bytes_max);
  if (!bytes) return links_.complain("pushed groups: " + bytes.error().text() + "; the group is left out");
  Result<push::Group> group = push::decode_group(*bytes);
  if (!group) {
    Error error = group.error();
    error.on = path;
    return links_.complain("pushed groups: " + error.text() + "; the group is left out");
  }
  const std::lock_guard lock(mutex_);
  auto kept = std::make_shared<const push::Group>(std::move(*group));
  if (!groups_.restore(kept))
    return links_.complain("pushed groups: " + path + ": the group " + push::text_of(kept->key) +
                           " is not consistent with the others, or with our own metrics; it is left out");
  for (const auto& [name, family] : push::all_families(*kept)) describe(name, family);
}

// --- one request ---

api::PushOutcome PushDesk::serve(api::PushAsk ask) {
  switch (ask.kind) {
    case api::PushKind::put:
    case api::PushKind::post: return push(std::move(ask));
    case api::PushKind::remove: return remove(ask.key);
  }
  return {};
}

api::PushOutcome PushDesk::push(api::PushAsk ask) {
  Result<push::PushedBody> body = read(ask);
  if (!body) {
    ++counts_.unreadable;
    return {bad_request, body.error().text()};
  }
  const Instant at = links_.now();
  auto group = groups_.check({ask.key, std::move(*body), ask.kind == api::PushKind::put, at});
  if (!group) return refuse(ask.key, group.error(), at);
  if (const Status kept = keep(std::move(*group)); !kept) {
    ++counts_.undurable;
    return {come_again, "the disk took nothing, so nothing changed: " + kept.error().text()};
  }
  ++counts_.taken;
  return {taken, ""};
}

Result<push::PushedBody> PushDesk::read(const api::PushAsk& ask) const {
  if (ask.coding == api::PushCoding::none)
    return ask.is_protobuf ? push::read_protobuf(ask.body, limits_.body) : push::read_text(ask.body, limits_.body);
  const Result<std::string> body = drivers::net::gunzip(ask.body, limits_.body.bytes_max);
  if (!body) return body.error();
  return ask.is_protobuf ? push::read_protobuf(*body, limits_.body) : push::read_text(*body, limits_.body);
}

// The time of the refusal is part of the group; where it cannot be kept, the answer says all the same why.
api::PushOutcome PushDesk::refuse(const push::PushLabels& key, const push::PushRefused& refused, Instant at) {
  ++counts_.refused[static_cast<std::size_t>(refused.reason)];
  const bool is_full = refused.reason == push::PushRefusal::too_many_groups ||
                       refused.reason == push::PushRefusal::too_many_series ||
                       refused.reason == push::PushRefusal::too_many_bytes;
  if (GroupPointer group = groups_.failed(key, at)) static_cast<void>(keep(std::move(group)));
  if (is_full) return {no_room, refused.text};
  return {bad_request, "pushed metrics are invalid or inconsistent with existing metrics: " + refused.text};
}

// On the disk first: nobody sees what a crash could take back.
Status PushDesk::keep(GroupPointer group) {
  if (Status written = links_.files.replace(path_of(group->key), push::encode_group(*group)); !written) return written;
  for (const auto& [name, family] : push::all_families(*group))
    if (family.pushed_at == group->pushed_at || family.pushed_at == group->failed_at) describe(name, family);  // the new ones
  {
    const std::lock_guard lock(mutex_);
    groups_.put(std::move(group));
  }
  changed();
  return {};
}

api::PushOutcome PushDesk::remove(const push::PushLabels& key) {
  // The file of a group that could not be loaded goes too.
  if (const Status gone = links_.files.remove(path_of(key)); !gone) {
    ++counts_.undurable;
    return {come_again, "the disk took nothing: " + gone.error().text()};
  }
  {
    const std::lock_guard lock(mutex_);
    groups_.remove(key);
  }
  ++counts_.removed;
  changed();
  return {removed, ""};
}

void PushDesk::describe(const std::string& name, const push::Family& family) {
  links_.head.describe(name, {std::string(stored_word(family.type)), family.help, ""});
}

void PushDesk::changed() {
  const bool were_any = counts_.series > 0;
  counts_.series = groups_.series_count();
  if (were_any != (groups_.series_count() > 0)) links_.on_change();
}

}  // namespace watchbill::app::watch
