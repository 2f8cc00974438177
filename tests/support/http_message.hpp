#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// As much of RFC 9112 as the tests' own client and upstream need, written apart from core/ on purpose: a test that
/// read the wire with the code under test would share its mistakes. Whatever is malformed throws std::runtime_error.
namespace cohort::test {

using header_list = std::vector<std::pair<std::string, std::string>>;

/// The first value of `name`, compared without case; nullopt if it is not there.
std::optional<std::string> find_header(const header_list& headers, std::string_view name);

struct message_head {
  std::string start_line;
  header_list headers;
  std::string raw;  ///< every byte up to and with the empty line
};

/// Takes a head off the front of `input`; nullopt, and `input` untouched, while it is incomplete.
std::optional<message_head> take_head(std::string& input);

/// Takes a body's framing away, piece by piece as bytes come.
class body_decoder {
 public:
  /// What a message without Content-Length and Transfer-Encoding has: a request nothing, a response all until close.
  enum class when_unframed { empty, until_close };

  /// A body of no bytes, whatever the headers say: for HEAD, 204, 304.
  body_decoder() = default;
  body_decoder(const header_list& headers, when_unframed otherwise);

  /// Moves what `input` holds of this body to the end of `output`; what follows the body stays in `input`.
  void consume(std::string& input, std::string& output);

  /// The peer has closed: the end of a body that lasts until then, an error for any other that is unfinished.
  void end_of_input();

  [[nodiscard]] bool finished() const noexcept { return state_ == state::finished; }

 private:
  enum class state { finished, counted, until_close, chunk_size, chunk_data, chunk_end, trailers };

  bool step(std::string& input, std::string& output);
  bool take_counted(std::string& input, std::string& output, state next);

  state state_{state::finished};
  std::uint64_t left_{0};
};

}  // namespace cohort::test
