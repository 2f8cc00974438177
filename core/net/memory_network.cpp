#include "core/net/memory_network.hpp"

#include <boost/asio/error.hpp>
#include <cassert>
#include <cstring>

#include "core/net/expiry.hpp"

namespace cohort::net {
namespace {

/// One direction: bytes on their way to a reader.
struct channel {
  struct piece {
    time_point arrives;
    std::string bytes;
    std::size_t taken = 0;
  };
  std::deque<piece> pieces;
  std::size_t in_flight = 0;
  bool ended = false;  // no more will come
  time_point end_arrives{};
  bool was_reset = false;
  wait_queue readers;
  wait_queue writers;
};

struct connection_state {
  connection_state(memory_pipe_settings settings) : how(settings) {}
  memory_pipe_settings how;
  std::array<channel, 2> to;
};

class memory_stream final : public stream {
 public:
  memory_stream(std::shared_ptr<connection_state> shared, std::size_t side, std::string peer)
      : shared_(std::move(shared)),
        side_(side),
        peer_(std::move(peer)),
        home_(loop::current()),
        expiry_(home_, this, [](void* self) { static_cast<memory_stream*>(self)->interrupt(); }) {}
  ~memory_stream() override { close(); }

  void set_deadline(deadline limit) override { expiry_.set(limit); }
  void watch_hangup(std::function<void()> on_hangup) override {
    watching_ = std::make_shared<std::function<void()>>(std::move(on_hangup));
    asio::co_spawn(loop::current().get_executor(), watch(shared_, side_, watching_), [](std::exception_ptr) {});
  }
  void unwatch_hangup() noexcept override {
    if (!watching_) return;
    *watching_ = nullptr;
    watching_.reset();
    incoming().readers.notify_all();
  }
  bool readable() noexcept override {
    const auto now = home_.now();
    const auto& from = incoming();
    return from.pieces.empty() ? from.ended && from.end_arrives <= now : from.pieces.front().arrives <= now;
  }
  void shutdown_write() noexcept override { end(outgoing()); }
  void close() noexcept override {
    if (closed_) return;
    closed_ = true;
    unwatch_hangup();
    end(outgoing());
    // What arrives for a closed end is answered with a reset.
    incoming().was_reset = true;
    incoming().readers.notify_all();
    incoming().writers.notify_all();
    outgoing().writers.notify_all();
  }
  void reset() noexcept {
    outgoing().was_reset = true;
    outgoing().readers.notify_all();
    outgoing().writers.notify_all();
    close();
  }
  std::string peer_address() const override { return peer_; }

 private:
  channel& incoming() noexcept { return shared_->to[side_]; }
  channel& outgoing() noexcept { return shared_->to[1 - side_]; }

  void end(channel& direction) noexcept {
    if (direction.ended) return;
    direction.ended = true;
    direction.end_arrives = home_.now() + shared_->how.latency;
    direction.readers.notify_all();
  }
  void interrupt() noexcept {
    incoming().readers.notify_all();
    outgoing().writers.notify_all();
  }

  void start_read(asio::mutable_buffer into, completion<io_result> done) override {
    run(read(this, into), std::move(done));
  }
  void start_write(const_buffers from, completion<io_result> done) override { run(write(this, from), std::move(done)); }

  /// Bridges a coroutine to a completion, cancellation included.
  static void run(task<io_result> work, completion<io_result> done) {
    const auto slot = done.get_cancellation_slot();
    auto finish = [done = std::move(done)](std::exception_ptr failure, io_result outcome) mutable {
      done(failure ? io_result{error_code{asio::error::operation_aborted}} : outcome);
    };
    asio::co_spawn(loop::current().get_executor(), std::move(work),
                   asio::bind_cancellation_slot(slot, std::move(finish)));
  }

  std::optional<error_code> refusal() const noexcept {
    if (closed_) return error_code{asio::error::operation_aborted};
    if (expiry_.expired()) return error_code{asio::error::timed_out};
    return std::nullopt;
  }

  static task<io_result> read(memory_stream* self, asio::mutable_buffer into) {
    for (;;) {
      if (const auto no = self->refusal()) co_return *no;
      auto& from = self->incoming();
      const auto now = loop::current().now();
      if (!from.pieces.empty() && from.pieces.front().arrives <= now) co_return self->take(into);
      deadline next = deadline::never();
      if (!from.pieces.empty()) {
        next = deadline{from.pieces.front().arrives};
      } else if (from.ended) {
        if (from.end_arrives <= now) {
          co_return from.was_reset ? error_code{asio::error::connection_reset} : error_code{asio::error::eof};
        }
        next = deadline{from.end_arrives};
      }
      auto waiting = from.readers.wait(next);
      if (co_await std::move(waiting) == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
    }
  }

  std::size_t take(asio::mutable_buffer into) {
    auto& from = incoming();
    auto& first = from.pieces.front();
    const auto count = std::min({into.size(), first.bytes.size() - first.taken, shared_->how.largest_read});
    std::memcpy(into.data(), first.bytes.data() + first.taken, count);
    first.taken += count;
    if (first.taken == first.bytes.size()) from.pieces.pop_front();
    from.in_flight -= count;
    from.writers.notify_all();
    return count;
  }

  static task<io_result> write(memory_stream* self, const_buffers from) {
    for (;;) {
      if (const auto no = self->refusal()) co_return *no;
      auto& to = self->outgoing();
      if (to.was_reset || to.ended) co_return error_code{asio::error::broken_pipe};
      const auto room = self->shared_->how.capacity - to.in_flight;
      if (room > 0) co_return self->put(from, room);
      auto waiting = to.writers.wait();
      if (co_await std::move(waiting) == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
    }
  }

  std::size_t put(const const_buffers& from, std::size_t room) {
    std::string bytes;
    for (const auto& piece : from) bytes.append(static_cast<const char*>(piece.data()), piece.size());
    bytes.resize(std::min(bytes.size(), room));
    auto& to = outgoing();
    const auto count = bytes.size();
    to.in_flight += count;
    to.pieces.push_back({loop::current().now() + shared_->how.latency, std::move(bytes)});
    to.readers.notify_all();
    return count;
  }

  static task<> watch(std::shared_ptr<connection_state> shared, std::size_t side,
                      std::shared_ptr<std::function<void()>> call) {
    auto& from = shared->to[side];
    while (*call) {
      const auto now = loop::current().now();
      if (!from.pieces.empty()) co_return;
      if (from.ended && from.end_arrives <= now) {
        auto hung_up = std::exchange(*call, nullptr);
        hung_up();
        co_return;
      }
      auto waiting = from.readers.wait(from.ended ? deadline{from.end_arrives} : deadline::never());
      co_await std::move(waiting);
    }
  }

  std::shared_ptr<connection_state> shared_;
  std::size_t side_;
  std::string peer_;
  std::shared_ptr<std::function<void()>> watching_;
  bool closed_ = false;
  /// Not the loop that runs: a stream may also go while that stands still.
  loop& home_;
  expiry expiry_;
};

}  // namespace

std::pair<stream_ptr, stream_ptr> make_memory_pipe(memory_pipe_settings how, std::string first_address,
                                                   std::string second_address) {
  auto shared = std::make_shared<connection_state>(how);
  return {std::make_unique<memory_stream>(shared, 0, std::move(second_address)),
          std::make_unique<memory_stream>(shared, 1, std::move(first_address))};
}

void reset_memory_stream(stream& end) { dynamic_cast<memory_stream&>(end).reset(); }

class memory_network::memory_acceptor final : public acceptor {
 public:
  memory_acceptor(memory_network& owner, endpoint local) : owner_(&owner), local_(local) {}
  ~memory_acceptor() override { close(); }

  task<result<stream_ptr>> accept(loop&) override {
    while (waiting_.empty()) {
      if (!owner_) co_return error_code{asio::error::operation_aborted};
      auto next = arrivals_.wait();
      if (co_await std::move(next) == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
    }
    auto taken = std::move(waiting_.front());
    waiting_.pop_front();
    co_return taken;
  }
  endpoint local_endpoint() const override { return local_; }
  void close() noexcept override {
    if (owner_) owner_->listeners_.erase(local_);
    owner_ = nullptr;
    waiting_.clear();
    arrivals_.notify_all();
  }
  void arrive(stream_ptr peer) {
    waiting_.push_back(std::move(peer));
    arrivals_.notify_one();
  }
  void forget_owner() noexcept { owner_ = nullptr; }

 private:
  memory_network* owner_;
  endpoint local_;
  std::deque<stream_ptr> waiting_;
  wait_queue arrivals_;
};

memory_network::~memory_network() {
  for (auto& [local, each] : listeners_) each->forget_owner();
}

std::unique_ptr<acceptor> memory_network::listen(const endpoint& local) {
  assert(!listeners_.contains(local));
  auto made = std::make_unique<memory_acceptor>(*this, local);
  listeners_[local] = made.get();
  return made;
}

task<result<std::vector<endpoint>>> memory_network::resolve(std::string host, std::uint16_t port, deadline) {
  std::vector<endpoint> all;
  error_code is_name;
  const auto numeric = asio::ip::make_address(host, is_name);
  if (!is_name) {
    all.emplace_back(numeric, port);
    co_return all;
  }
  const auto found = names_.find(host);
  if (found == names_.end()) co_return error_code{asio::error::host_not_found};
  for (const auto& address : found->second) all.emplace_back(address, port);
  co_return all;
}

task<result<stream_ptr>> memory_network::connect(endpoint peer, deadline until) {
  const auto round_trip = deadline::after(loop::current().now(), 2 * how_.latency);
  const bool swallowed = black_holes_.contains(peer);
  auto waiting = sleep_until(swallowed ? until : std::min(until, round_trip));
  if (co_await std::move(waiting) == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
  if (swallowed || until < round_trip) co_return error_code{asio::error::timed_out};
  const auto listener = listeners_.find(peer);
  if (listener == listeners_.end()) co_return error_code{asio::error::connection_refused};
  auto ends = make_memory_pipe(how_, "192.0.2.1", peer.address().to_string());
  listener->second->arrive(std::move(ends.second));
  co_return std::move(ends.first);
}

}  // namespace cohort::net
