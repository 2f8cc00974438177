// SPDX-License-Identifier: BSL-1.0
#include "tests/fuzz/framework/mutator.hpp"

namespace cohort::fuzz {
namespace {

/// Bytes that are delimiters in one of the formats.
constexpr char delimiters[] = "\0\t\n\r \"#%&'()*+,-./0159:;<=>?@AFZ[\\]_`afz{|}~\x7F\x80\xBF\xC2\xE2\xEF\xF0\xFF";

}  // namespace

std::string mutator::next() {
  auto input = corpus_[random_.uniform_below(corpus_.size())];
  for (auto changes = 1 + random_.uniform_below(4); changes > 0; --changes) change(input);
  if (input.size() > max_size) input.resize(max_size);
  return input;
}

std::string_view mutator::random_part() {
  const std::string_view other_input = corpus_[random_.uniform_below(corpus_.size())];
  const auto begin = position_in(other_input);
  return other_input.substr(begin, 1 + random_.uniform_below(32));
}

void mutator::change(std::string& input) {
  const auto position = position_in(input);
  const auto delimiter = delimiters[random_.uniform_below(sizeof delimiters)];
  switch (random_.uniform_below(7)) {
    case 0:
      if (position < input.size()) input[position] = delimiter;
      break;
    case 1:
      if (position < input.size()) input[position] = static_cast<char>(random_.next());
      break;
    case 2: input.insert(position, 1, delimiter); break;
    case 3: input.erase(position, 1 + random_.uniform_below(8)); break;
    case 4: input.insert(position, random_part()); break;
    case 5: input.insert(position, input.substr(position, 1 + random_.uniform_below(16))); break;
    default: input.replace(position, random_.uniform_below(16), random_part()); break;
  }
}

}  // namespace cohort::fuzz
