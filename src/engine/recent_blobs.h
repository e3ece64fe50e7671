// Blobs that were written a moment ago, for effects that need their bytes: reading them back costs more than keeping them.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "base/sha256.h"

namespace watchbill::engine {

// At most 16 MiB; the oldest make room. Each is as the journal has it.
class RecentBlobs {
 public:
  void add(const Digest& digest, std::string bytes) {
    constexpr std::size_t bytes_max = 16U << 20;
    const auto [place, is_new] = blobs_.try_emplace(digest);
    if (!is_new) return;
    bytes_ += bytes.size();
    place->second = std::make_shared<const std::string>(std::move(bytes));
    for (order_.push_back(digest); bytes_ > bytes_max; order_.pop_front()) {
      const auto oldest = blobs_.find(order_.front());
      bytes_ -= oldest->second->size();
      blobs_.erase(oldest);
    }
  }
  // Null when it is not here.
  [[nodiscard]] std::shared_ptr<const std::string> find(const Digest& digest) const {
    const auto found = blobs_.find(digest);
    return found == blobs_.end() ? nullptr : found->second;
  }

 private:
  std::map<Digest, std::shared_ptr<const std::string>> blobs_;
  std::deque<Digest> order_;
  std::size_t bytes_{0};
};

}  // namespace watchbill::engine
