#pragma once

#include <cstddef>
#include <memory>

#include "core/runtime/loop.hpp"

namespace cohort::service {

/// Memory that is held for nothing, and resident. It comes piece by piece, so that no request on its loop waits for
/// long meanwhile; it goes back to the system at once.
class ballast {
 public:
  explicit ballast(loop& home);

  /// On its loop, as all of this. False if there is not so much; then there is none at all.
  bool resize(std::size_t bytes);
  /// How much of it is resident so far.
  std::size_t resident_bytes() const noexcept { return touched_; }

 private:
  struct unmap {
    std::size_t size;
    void operator()(std::byte* block) const noexcept;
  };
  void touch_some();

  loop& home_;
  std::unique_ptr<std::byte, unmap> block_{nullptr, unmap{0}};
  std::size_t size_ = 0;
  std::size_t touched_ = 0;
  bound_timer<&ballast::touch_some> next_;
};

}  // namespace cohort::service
