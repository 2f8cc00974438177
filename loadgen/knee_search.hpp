#pragma once

#include <optional>

#include "loadgen/report.hpp"

namespace cohort::loadgen {

/// Looks for the greatest rate at which the objectives hold: doubles until they break, bisects until the two rates are
/// within 5 % of each other, then confirms the lower one over a longer time; where that fails, goes down by 5 % and
/// confirms again. A state machine without I/O: it says what to try, and is told what came of it.
class knee_search {
 public:
  struct trial {
    request_rate rate;
    bool is_confirmation = false;
  };
  enum class finding {
    held,
    broke,
    generator_gave_out,  // says nothing of the server; if it does so twice, neither would a higher rate
  };

  explicit knee_search(request_rate first) : next_(first) {}

  /// Nothing once the search is over.
  std::optional<trial> next() const;
  void on_result(finding what);

  /// Confirmed, and so that it is known to be the greatest (within 5 %), or only that it is at least this.
  std::optional<request_rate> capacity() const noexcept { return capacity_; }
  /// The greatest that held so far, confirmed or not.
  std::optional<request_rate> held() const noexcept { return held_; }
  bool is_bounded() const noexcept { return broke_.has_value(); }
  bool generator_gave_out() const noexcept { return gave_out_; }

 private:
  enum class step { doubling, halving, bisecting, confirming, over };
  void choose_next();
  void on_confirmation(finding what);

  step step_ = step::doubling;
  request_rate next_;
  std::optional<request_rate> held_;
  std::optional<request_rate> broke_;
  std::optional<request_rate> capacity_;
  unsigned halvings_ = 0;
  unsigned confirmations_ = 0;
  bool gave_out_ = false;
  bool tried_again_ = false;
};

}  // namespace cohort::loadgen
