// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/connection/superseded_exchange.hpp>

#include <utility>

namespace cohort::http {

superseded_exchange::superseded_exchange(net::stream_ptr stream, response_parser::limits limits, bool is_head_request,
                                         end_handler on_end)
    : stream_(std::move(stream)), reader_(limits, is_head_request), on_end_(std::move(on_end)) {}

void superseded_exchange::start(deadline receive_deadline) {
  stream_->set_deadline(receive_deadline);
  read();
}

void superseded_exchange::close() noexcept {
  on_end_ = nullptr;
  stream_->close();
}

void superseded_exchange::read() {
  auto read_task = stream_->read_some(reader_);
  std::move(read_task)([self = shared_from_this()](const net::io_result& count) { self->on_read(count); });
}

void superseded_exchange::on_read(const net::io_result& count) {
  if (!on_end_) return;
  const bool has_failed = !count || reader_.parse(*count);
  if (!has_failed && !reader_.parser().done()) return read();
  std::exchange(on_end_, nullptr)(*this, has_failed ? nullptr : take_reusable_stream());
}

net::stream_ptr superseded_exchange::take_reusable_stream() {
  const bool is_http = reader_.parser().response().status_code() != switching_protocols;
  if (reader_.has_excess_bytes() || !is_http || !reader_.parser().keep_alive()) return nullptr;
  return std::move(stream_);
}

}  // namespace cohort::http
