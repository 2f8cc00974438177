// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <string>

#include <cohort/http/server/pipeline.hpp>

namespace cohort::http {

/// The user that `basic_auth` has authenticated: `context.get<basic_user>()`.
struct basic_user {
  std::string name;
};

/// Basic authentication (RFC 7617) by user names and passwords in UTF-8. A request without valid credentials is
/// rejected with 401 and `WWW-Authenticate`. The duration of the check depends on the number of users, but not on which
/// user name or character is wrong. The passwords are sent in clear text, so use it with TLS only. Throws
/// `std::invalid_argument` for a user name with a colon, and for a realm with characters other than visible ASCII
/// characters and spaces, or with `"` or `\\`.
filter basic_auth(std::string realm, std::map<std::string, std::string> passwords);

}  // namespace cohort::http
