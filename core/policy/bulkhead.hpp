#pragma once

#include <cstddef>

namespace cohort::policy {

/// So many calls to one upstream at once and no more, so that a slow one cannot take all there is to take.
/// Source: Nygard, "Release It!" (2007).
class bulkhead {
 public:
  explicit bulkhead(std::size_t most) : most_(most) {}

  /// False if it is full; else `leave` once the call has ended.
  bool try_enter() noexcept {
    if (inside_ >= most_) return false;
    ++inside_;
    return true;
  }
  void leave() noexcept { --inside_; }
  std::size_t inside() const noexcept { return inside_; }

 private:
  std::size_t most_;
  std::size_t inside_ = 0;
};

}  // namespace cohort::policy
