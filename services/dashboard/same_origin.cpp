// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/same_origin.hpp"

#include <cohort/http/message/request/unique_field.hpp>

namespace cohort::dashboard {
namespace {

/// The authority of an origin (RFC 6454, section 7): `host:port` of `https://host:port`.
std::string_view authority(std::string_view origin) {
  const auto scheme_end = origin.find("://");
  return scheme_end == std::string_view::npos ? std::string_view{} : origin.substr(scheme_end + 3);
}

}  // namespace

bool is_cross_origin(const http::request_head& head) {
  if (head.find("sec-fetch-site")) {
    const auto site = http::find_unique(head, "sec-fetch-site");
    return site != "same-origin" && site != "none";
  }
  if (!head.find("origin")) return false;
  const auto origin = http::find_unique(head, "origin");
  return !origin || authority(*origin) != head.find(http::field::host).value_or(std::string_view{});
}

}  // namespace cohort::dashboard
