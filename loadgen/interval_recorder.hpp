#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "loadgen/report.hpp"

namespace cohort::loadgen {

/// What one worker has seen since it last told: a tally for each phase and target that anything happened to.
class interval_recorder {
 public:
  interval_recorder(std::size_t phases, std::size_t targets) : targets_(targets), tallies_(phases * targets) {}

  tally& of(std::size_t phase, std::size_t target) {
    auto& found = tallies_[phase * targets_ + target];
    if (!found) found = std::make_unique<tally>();
    return *found;
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = 0; i < tallies_.size(); ++i)
      if (tallies_[i]) visit(i / targets_, i % targets_, *tallies_[i]);
  }
  /// Gives all of it away and begins anew.
  interval_recorder take() {
    interval_recorder taken{tallies_.size() / targets_, targets_};
    std::swap(taken.tallies_, tallies_);
    return taken;
  }

 private:
  std::size_t targets_;
  std::vector<std::unique_ptr<tally>> tallies_;
};

}  // namespace cohort::loadgen
