// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace cohort::http {

/// The source expression that permits an inline `<style>` or `<script>` element with exactly this content, such as
/// `'sha256-…'`. Source: CSP Level 3, section 6.7.2.3.
std::string hash_source(std::string_view content);

}  // namespace cohort::http
