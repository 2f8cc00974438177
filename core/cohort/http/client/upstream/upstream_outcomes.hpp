// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <string_view>

namespace cohort::http {

/// The values of the label `outcome` of `cohort_client_requests_total`; see `outcome_label`.
inline constexpr std::array<std::string_view, 14> upstream_outcomes{
    "ok",  "client_error", "server_error", "timeout",  "open",    "shed",      "connect",
    "dns", "tls",          "reset",        "protocol", "too_big", "cancelled", "bad_url"};

}  // namespace cohort::http
