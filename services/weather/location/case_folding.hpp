// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace cohort::weather {

/// Normalized and case-folded (Unicode NFKC_Casefold), so that spellings that differ in case or composition are equal.
/// `text` must be UTF-8.
std::string fold_case(std::string_view text);

/// For a tolerant comparison of names: `fold_case` without diacritics and punctuation, words separated by one space,
/// and without a leading "the". "The U.S.A." and "usa" are equal. `text` must be UTF-8.
std::string fold_name(std::string_view text);

}  // namespace cohort::weather
