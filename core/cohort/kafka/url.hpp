// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>
#include <vector>

#include <cohort/kafka/settings.hpp>
#include <cohort/messaging/broker_url.hpp>

namespace cohort::messaging::kafka {

/// Parses `kafka://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]...][/][?PARAMETER=VALUE...]`, or `kafkas://…` with TLS. The
/// port is 9092 by default. User, password and values are percent-encoded. Parameters: `sasl` (`PLAIN`,
/// `SCRAM-SHA-256`, `SCRAM-SHA-512`), and with TLS `ca`, `certificate` and `key`, which are names of PEM files. An
/// error is `invalid` with a message that lists the accepted values, and contains no part of the URL except the name of
/// a parameter or file.
result<settings> parse_url(std::string_view url);

/// The schemes `kafka` and `kafkas`, for `parse_broker_url`.
std::vector<broker_scheme> schemes();

}  // namespace cohort::messaging::kafka
