// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Parts of RFC 9112 that the tests' HTTP client and server need. Independent of core/, so that the tests do not share
/// its defects. Malformed messages throw std::runtime_error.
namespace cohort::test {

using header_list = std::vector<std::pair<std::string, std::string>>;

/// Returns the first value of the field `name` (case-insensitive), or nullopt if there is none.
std::optional<std::string> find_header(const header_list& headers, std::string_view name);

struct message_head {
  std::string start_line;
  header_list headers;
  std::string raw;  ///< all bytes, including the empty line
};

/// Removes a head from the front of `input` and parses it. Returns nullopt, with `input` unchanged, if the head is
/// incomplete.
std::optional<message_head> extract_head(std::string& input);

/// Decodes the framing of a body incrementally.
class body_decoder {
 public:
  /// The body of a message without Content-Length and Transfer-Encoding: empty for a request, until close for a
  /// response.
  enum class unframed_body { empty, until_close };

  /// An empty body, for responses to HEAD and for 204 and 304.
  body_decoder() = default;
  body_decoder(const header_list& headers, unframed_body unframed_body_kind);

  /// Moves this body's bytes from `input` to the end of `output`. Bytes after the body stay in `input`.
  void consume(std::string& input, std::string& output);

  /// Must be called when the peer has closed. Throws if the body is incomplete.
  void end_of_input();

  [[nodiscard]] bool finished() const noexcept { return state_ == state::finished; }

 private:
  enum class state { finished, counted, until_close, chunk_size, chunk_data, chunk_end, trailers };

  bool step(std::string& input, std::string& output);
  bool take_counted_bytes(std::string& input, std::string& output, state next);

  state state_{state::finished};
  std::uint64_t remaining_{0};
};

}  // namespace cohort::test
