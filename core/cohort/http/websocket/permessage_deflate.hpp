// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cohort::http {

// The extension permessage-deflate (RFC 7692), always without context takeover: each message is compressed separately,
// so that an idle connection needs no memory for compression. The zlib states are thread-local.

/// The offer of a client, for `Sec-WebSocket-Extensions`.
inline constexpr std::string_view deflate_offer =
    "permessage-deflate; client_no_context_takeover; server_no_context_takeover";

/// The server's response to a list of offers; empty if it accepts none. The server does not accept offers with an
/// unknown, repeated or invalid parameter, or with a window of less than 32 KiB for the server.
std::optional<std::string> accept_deflate_offer(std::string_view offers);

/// Whether a server's response to `deflate_offer` is valid and has `server_no_context_takeover`, which this client
/// requires.
bool is_valid_deflate_response(std::string_view response);

/// The payload of a compressed message.
std::string deflate_message(std::string_view message);

/// The decompressed message of a payload. Returns an empty result if the payload is invalid, or if the message is
/// longer than `max_bytes`, in which case `is_too_large` is set.
std::optional<std::string> inflate_message(std::string_view payload, std::size_t max_bytes, bool& is_too_large);

}  // namespace cohort::http
