#include "loadgen/knee_search.hpp"

#include <algorithm>
#include <utility>

namespace cohort::loadgen {
namespace {

constexpr request_rate highest_tried = request_rate::per_second(1'000'000);
constexpr unsigned most_halvings = 10;
constexpr unsigned most_confirmations = 6;

/// Or next to each other: nothing lies between the smallest rates that are 5 % apart.
bool are_close(request_rate low, request_rate high) {
  return high.millionths <= low.millionths + std::max<std::int64_t>(low.millionths / 20, 1);
}

}  // namespace

std::optional<knee_search::trial> knee_search::next() const {
  if (step_ == step::over) return std::nullopt;
  return trial{next_, step_ == step::confirming};
}

void knee_search::on_result(finding what) {
  // Once may be the machine's mood.
  if (what == finding::generator_gave_out && !std::exchange(tried_again_, true)) return;
  tried_again_ = false;
  if (what == finding::generator_gave_out) gave_out_ = true;
  if (step_ == step::confirming) return on_confirmation(what);
  if (what == finding::held) {
    held_ = next_;
  } else if (what == finding::broke) {
    broke_ = next_;
  }
  choose_next();
}

void knee_search::choose_next() {
  if (!held_) {
    step_ = step::halving;
    next_.millionths /= 2;
    if (gave_out_ || ++halvings_ > most_halvings || next_.millionths == 0) step_ = step::over;
    return;
  }
  if (!broke_ && !gave_out_ && held_->times(2) <= highest_tried) {
    step_ = step::doubling;
    next_ = held_->times(2);
    return;
  }
  if (broke_ && !gave_out_ && !are_close(*held_, *broke_)) {
    step_ = step::bisecting;
    next_.millionths = held_->millionths + (broke_->millionths - held_->millionths) / 2;
    return;
  }
  step_ = step::confirming;
  next_ = *held_;
}

void knee_search::on_confirmation(finding what) {
  if (what == finding::held) {
    capacity_ = next_;
    step_ = step::over;
    return;
  }
  if (what == finding::broke) broke_ = next_;
  next_.millionths -= next_.millionths / 20;
  if (++confirmations_ >= most_confirmations) step_ = step::over;
}

}  // namespace cohort::loadgen
