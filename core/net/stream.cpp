#include "core/net/stream.hpp"

#include <boost/asio/error.hpp>

namespace cohort::net {
namespace {

void consume(const_buffers& pieces, std::size_t sent) noexcept {
  for (auto& piece : pieces) {
    const auto from_this = std::min(sent, piece.size());
    piece += from_this;
    sent -= from_this;
  }
}

}  // namespace

io_result stream::try_write(const_buffers) { return error_code{asio::error::would_block}; }

task<result<std::size_t>> write_all(stream& to, const_buffers from) {
  const auto total = from[0].size() + from[1].size();
  for (auto left = total; left > 0;) {
    auto sent = to.try_write(from);
    if (!sent && sent.error() == asio::error::would_block) {
      auto some = to.write_some(from);
      sent = co_await std::move(some);
    }
    if (!sent) co_return sent.error();
    consume(from, *sent);
    left -= *sent;
  }
  co_return total;
}

}  // namespace cohort::net
