// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace cohort::weather {

/// Returns the text normalized and case-folded (Unicode NFKC_Casefold), so that spellings that differ in case or
/// composition are equal. `text` must be UTF-8.
std::string fold_case(std::string_view text);

/// Folds a name for a tolerant comparison: like `fold_case`, but without diacritics, punctuation and a leading "the",
/// and with words separated by one space. "The U.S.A." and "usa" are equal. `text` must be UTF-8.
std::string fold_name(std::string_view text);

}  // namespace cohort::weather
