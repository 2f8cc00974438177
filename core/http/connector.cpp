#include "core/http/connector.hpp"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include "core/net/tls.hpp"
#include "core/runtime/loop.hpp"

namespace cohort::http {
namespace {

client_error tls_error(const error_code& failed) noexcept {
  const bool is_ssl = failed.category() == asio::error::get_ssl_category();
  if (is_ssl && ERR_GET_REASON(static_cast<unsigned long>(failed.value())) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return client_error::tls_bad_certificate;
  }
  return at_stage(failed, client_error::tls_timeout, client_error::tls_failed);
}

client_error connect_error(const error_code& failed) noexcept {
  if (failed == asio::error::connection_refused) return client_error::connect_refused;
  if (failed == asio::error::no_descriptors || failed == boost::system::errc::too_many_files_open_in_system) {
    return client_error::no_descriptor;
  }
  if (failed == boost::system::errc::address_not_available) return client_error::no_local_port;
  return at_stage(failed, client_error::connect_timeout, client_error::connect_failed);
}

}  // namespace

client_error at_stage(const error_code& failed, client_error timeout, client_error otherwise) noexcept {
  if (failed == asio::error::timed_out) return timeout;
  if (failed == asio::error::operation_aborted) return client_error::cancelled;
  return otherwise;
}

connector::connector(net::network& reach) : network_(reach) {}

connector::~connector() = default;

task<result<std::vector<net::endpoint>, client_error>> connector::resolve(const origin& of, deadline until) {
  auto addresses = co_await network_.resolve(of.host, of.port, until);
  if (!addresses) {
    co_return at_stage(addresses.error(), client_error::resolve_timeout, client_error::resolve_failed);
  }
  co_return std::move(*addresses);
}

task<result<connector::connected, client_error>> connector::connect_to(const origin& of, net::endpoint where,
                                                                       deadline connect_by, deadline until) {
  const auto began = loop::current().now();
  auto plain = co_await network_.connect(where, connect_by);
  if (!plain) co_return connect_error(plain.error());
  const auto round_trip = loop::current().now() - began;
  if (!of.secure) co_return connected{std::move(*plain), round_trip};
  auto secured = co_await secure(std::move(*plain), of.host, until);
  if (!secured) co_return secured.error();
  co_return connected{std::move(*secured), round_trip};
}

task<result<net::stream_ptr, client_error>> connector::connect(origin to, deadline until) {
  auto addresses = co_await resolve(to, until);
  if (!addresses) co_return addresses.error();
  const auto first = turn_++;
  std::optional<client_error> failure;
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    // What is left is shared by the addresses that are left, so that one black hole does not cost the others.
    const auto now = loop::current().now();
    const auto share = until.is_never() ? duration{std::chrono::seconds{10}}
                                        : until.remaining(now) / static_cast<std::int64_t>(addresses->size() - i);
    const auto& where = (*addresses)[(first + i) % addresses->size()];
    auto made = co_await connect_to(to, where, std::min(until, deadline::after(now, share)), until);
    if (made) co_return std::move(made->stream);
    const auto why = made.error();
    if (!is_connect_failure(why)) co_return why;
    // In the enumeration's order: `connect_refused` is for a name whose every address refused.
    failure = std::max(failure.value_or(why), why);
  }
  co_return failure.value_or(client_error::connect_failed);
}

task<result<net::stream_ptr, client_error>> connector::secure(net::stream_ptr plain, const std::string& host,
                                                              deadline until) {
  if (!tls_) tls_ = std::make_unique<net::tls_client_context>();
  plain->set_deadline(until);
  auto secured = co_await tls_->handshake(std::move(plain), host);
  if (!secured) co_return tls_error(secured.error());
  co_return std::move(*secured);
}

}  // namespace cohort::http
