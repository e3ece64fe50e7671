#include "app/watch/remotes.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "drivers/files/disk_files.h"
#include "drivers/scrape/call_settings.h"
#include "metrics/tsdb/exemplar_store.h"

namespace watchbill::app::watch {

namespace remote = drivers::remote;

namespace {

std::optional<std::string> from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

metrics::sender::LogEnd end_of(const metrics::tsdb::SampleLog& log, bool is_of_new_run) {
  return {{log.open_position(), 0}, is_of_new_run};
}

}  // namespace

Remotes::Remotes(const Links& links, std::string data, std::string log_folder)
    : links_{links.client,
             [data = std::move(data)] { return std::make_unique<drivers::files::DiskFiles>(data); },
             std::move(log_folder),
             links.now,
             drivers::scrape::settle_call,
             from_environment,
             [&head = links.head] { return head.snapshot().all_metadata(); },
             [&head = links.head](std::uint64_t number, std::size_t count_max) {
               return head.exemplars().arrived_from(number, count_max);
             },
             [this] { return Instant{newest_ms_}; },
             links.complain},
      head_(links.head) {}

Remotes::~Remotes() { stop(); }

void Remotes::begin(const metrics::tsdb::SampleLog& log) {
  newest_ms_ = head_.snapshot().newest_at().ms;
  const std::lock_guard lock(mutex_);
  log_end_ = end_of(log, true);
}

Status Remotes::configure(const std::vector<RemoteWriteConfiguration>& remotes, const Labels& external_labels) {
  Result<std::vector<remote::Remote>> wanted = remote::remotes_of(remotes, external_labels);
  if (!wanted) return wanted.error();
  const std::lock_guard lock(mutex_);
  is_configured_ = true;
  std::vector<std::unique_ptr<remote::Writer>> writers;
  for (remote::Remote& each : *wanted) {
    std::unique_ptr<remote::Writer> before = take(each.terms->identity);
    const bool stays = before != nullptr && !before->is_stopped() && remote::is_same(before->remote(), each);
    if (!stays && before != nullptr) before->stop();
    if (stays) writers.push_back(std::move(before));
    else writers.push_back(std::make_unique<remote::Writer>(links_, std::move(each), log_end_, std::move(before)));
  }
  // Who is asked no more ends in its own time; the thread of the log clears it away.
  for (std::unique_ptr<remote::Writer>& left : writers_) {
    if (left == nullptr) continue;
    left->stop();
    retired_.push_back(std::move(left));
  }
  writers_ = std::move(writers);
  return {};
}

// The writer of this remote so far, wherever it is, or null. A retired one may come back before it has ended.
std::unique_ptr<remote::Writer> Remotes::take(const std::string& identity) {
  for (auto* list : {&writers_, &retired_})
    for (std::unique_ptr<remote::Writer>& writer : *list)
      if (writer != nullptr && writer->remote().terms->identity == identity) return std::move(writer);
  return nullptr;
}

void Remotes::flushed(const metrics::tsdb::SampleLog& log) {
  const std::lock_guard lock(mutex_);
  // One that is still about to end stays where configure() finds it.
  std::erase_if(retired_, [](const std::unique_ptr<remote::Writer>& writer) { return writer == nullptr || writer->is_over(); });
  // What the first bill's remotes begin with is the end of the life before.
  if (is_configured_) log_end_ = end_of(log, false);
  if (!writers_.empty()) newest_ms_ = head_.snapshot().newest_at().ms;
  for (const std::unique_ptr<remote::Writer>& writer : writers_) writer->wake();
}

void Remotes::stop() {
  const std::lock_guard lock(mutex_);
  for (const std::unique_ptr<remote::Writer>& writer : writers_) writer->stop();
  writers_.clear();
  retired_.clear();
}

std::optional<metrics::tsdb::LogPlace> Remotes::needed_from() const {
  const std::lock_guard lock(mutex_);
  if (!is_configured_) return metrics::tsdb::LogPlace();
  std::optional<metrics::tsdb::LogPlace> oldest;
  for (const std::unique_ptr<remote::Writer>& writer : writers_) {
    const metrics::tsdb::LogPlace place = writer->needed_from();
    if (!oldest || place < *oldest) oldest = place;
  }
  return oldest;
}

std::vector<api::RemoteView> Remotes::views() const {
  std::vector<api::RemoteView> out;
  const std::lock_guard lock(mutex_);
  for (const std::unique_ptr<remote::Writer>& writer : writers_) {
    const remote::Remote& remote = writer->remote();
    out.push_back({remote.label, remote.written.url, remote.terms->queue, writer->figures()});
  }
  return out;
}

}  // namespace watchbill::app::watch
