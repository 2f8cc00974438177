// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/system/unix_socket.hpp>

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <cstdio>

#include <cohort/net/system/socket_stream.hpp>

namespace cohort::net {
namespace {

using unix_protocol = asio::local::stream_protocol;
using unix_stream = socket_stream<unix_protocol>;

/// Maximum length of a path in `sun_path`, without the terminating zero. The path of `listen_unix` must be one byte
/// shorter, because a suffix is added to it for the temporary name.
constexpr std::size_t max_path_size = sizeof(sockaddr_un::sun_path) - 1;
constexpr char temporary_suffix = '~';

error_code last_error() noexcept { return error_code{errno, boost::system::system_category()}; }

/// Identifies the file at a path, so that a replacement is detected.
struct file_identity {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const file_identity&, const file_identity&) = default;
};

file_identity find_file_identity(const std::string& path) noexcept {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

/// Returns an error unless `path` does not exist or is a socket on which no program listens.
error_code check_replaceable(loop& event_loop, const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return errno == ENOENT ? error_code{} : last_error();
  if (!S_ISSOCK(status.st_mode)) return boost::system::errc::make_error_code(boost::system::errc::file_exists);
  unix_stream::socket_type probe{event_loop.get_executor()};
  error_code error;
  probe.open(unix_protocol{}, error);
  if (error) return error;
  // A full backlog must not block the program.
  probe.non_blocking(true, error);
  probe.connect(unix_protocol::endpoint{path}, error);
  if (error == asio::error::connection_refused || error == boost::system::errc::no_such_file_or_directory) return {};
  const bool is_in_use = !error || error == asio::error::would_block || error == asio::error::try_again;
  return is_in_use ? error_code{asio::error::address_in_use} : error;
}

class unix_acceptor final : public acceptor {
 public:
  using socket_type = asio::basic_socket_acceptor<unix_protocol, executor>;
  unix_acceptor(socket_type socket, std::string path)
      : listener_{std::move(socket), unix_protocol{}}, path_(std::move(path)), identity_(find_file_identity(path_)) {}
  ~unix_acceptor() override { close(); }

  task<result<stream_ptr>> accept(loop& target) override {
    auto accept_task = accept_socket(listener_, target);
    auto accept_result = co_await std::move(accept_task);
    if (!accept_result) co_return accept_result.error();
    co_return std::make_unique<unix_stream>(std::move(**accept_result), target);
  }

  endpoint local_endpoint() const override { return {}; }
  std::string unix_path() const override { return path_; }
  void close() noexcept override {
    if (!listener_.acceptor.is_open()) return;
    // Another program may have replaced the socket.
    if (find_file_identity(path_) == identity_) ::unlink(path_.c_str());
    error_code ignored_error;
    listener_.acceptor.close(ignored_error);
  }

 private:
  listener<unix_protocol> listener_;
  std::string path_;
  file_identity identity_;
};

}  // namespace

result<std::unique_ptr<acceptor>> listen_unix(loop& event_loop, const std::string& path, unsigned mode) {
  if (path.empty() || path.size() + 1 > max_path_size) {
    return boost::system::errc::make_error_code(boost::system::errc::filename_too_long);
  }
  if (const auto error = check_replaceable(event_loop, path)) return error;
  // The socket has a temporary name until its permissions are set.
  const auto temporary_path = path + temporary_suffix;
  ::unlink(temporary_path.c_str());
  unix_acceptor::socket_type socket{event_loop.get_executor()};
  error_code error;
  socket.open(unix_protocol{}, error);
  if (!error) socket.bind(unix_protocol::endpoint{temporary_path}, error);
  if (error) return error;
  if (::chmod(temporary_path.c_str(), mode) != 0) error = last_error();
  if (!error) socket.listen(asio::socket_base::max_listen_connections, error);
  if (!error && std::rename(temporary_path.c_str(), path.c_str()) != 0) error = last_error();
  if (error) {
    ::unlink(temporary_path.c_str());
    return error;
  }
  return std::unique_ptr<acceptor>{std::make_unique<unix_acceptor>(std::move(socket), path)};
}

task<result<stream_ptr>> connect_unix_socket(std::string path, deadline connect_deadline) {
  if (path.empty() || path.size() > max_path_size) {
    co_return boost::system::errc::make_error_code(boost::system::errc::filename_too_long);
  }
  auto& event_loop = loop::current();
  // The socket is on the heap, because the timer refers to it while the operation is pending.
  const auto socket = std::make_unique<unix_stream::socket_type>(event_loop.get_executor());
  const unix_protocol::endpoint peer{path};
  auto connect_task = connect_socket(*socket, peer, connect_deadline);
  if (const auto error = co_await std::move(connect_task)) co_return error;
  co_return std::make_unique<unix_stream>(std::move(*socket), event_loop);
}

}  // namespace cohort::net
