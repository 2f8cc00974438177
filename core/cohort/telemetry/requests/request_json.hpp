// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/json/writer.hpp>
#include <cohort/telemetry/requests/request_record.hpp>

namespace cohort::telemetry {

/// Formats an address with its port: `192.0.2.1:80`, `[2001:db8::1]:80`.
std::string format_address(const boost::asio::ip::tcp::endpoint& address);

/// Writes a member with a duration in milliseconds, rounded to microseconds.
void write_milliseconds(json::writer& out, std::string_view name, duration span);

/// Writes the member `attempts` of a call of `request`: an array of objects, with times in milliseconds since the start
/// of the request. An attempt that is running at `now` has `phase`, but neither `end_ms` nor `outcome`. Also writes
/// `attempts_dropped` if the record had no space for all attempts.
void write_attempts(json::writer& out, const request_record& request, const call_record& call, time_point now);

/// Writes the member `awaits`: an array of the calls that have not ended at `now`, with their age, and the remaining
/// time unless their deadline is `never`. For a call with attempts, also writes the running attempts.
void write_awaits(json::writer& out, const request_record& request, time_point now);

/// Writes the members of an object for a request with all its calls. A request running at `now` has `age_ms` and,
/// unless its deadline is `never`, `remaining_ms`. A request that has ended has `duration_ms` and `status`.
void write_request_members(json::writer& out, const request_record& request, time_point now);

}  // namespace cohort::telemetry
