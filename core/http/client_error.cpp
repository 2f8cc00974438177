#include "core/http/client_error.hpp"

namespace cohort::http {
namespace {

class category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "cohort.http.client"; }
  std::string message(int code) const override {
    switch (static_cast<client_error>(code)) {
      case client_error::bad_url: return "not a URL that can be called";
      case client_error::no_time_left: return "no time was left to make the call";
      case client_error::breaker_open: return "the upstream is left alone, since its calls kept failing";
      case client_error::bulkhead_full: return "too many calls to the upstream are under way";
      case client_error::resolve_failed: return "the host's name could not be resolved";
      case client_error::resolve_timeout: return "the host's name was not resolved in time";
      case client_error::connect_refused: return "the connection was refused";
      case client_error::connect_failed: return "the connection could not be made";
      case client_error::no_descriptor: return "no file descriptor is left for a connection";
      case client_error::no_local_port: return "no local port is left for a connection";
      case client_error::connect_timeout: return "the connection was not made in time";
      case client_error::tls_failed: return "the TLS handshake failed";
      case client_error::tls_bad_certificate: return "the server's certificate is not to be trusted";
      case client_error::tls_timeout: return "the TLS handshake was not done in time";
      case client_error::send_failed: return "the request could not be sent";
      case client_error::send_timeout: return "the request was not sent in time";
      case client_error::no_answer: return "the connection ended before an answer came";
      case client_error::answer_cut_short: return "the answer's header was cut short";
      case client_error::answer_timeout: return "no answer came in time";
      case client_error::answer_malformed: return "the answer is not HTTP";
      case client_error::answer_header_too_big: return "the answer's header is too big";
      case client_error::body_cut_short: return "the answer's body was cut short";
      case client_error::body_timeout: return "the answer's body did not come in time";
      case client_error::body_malformed: return "the answer's body is malformed";
      case client_error::body_too_big: return "the answer's body is too big";
      case client_error::too_many_redirects: return "too many redirects";
      case client_error::cancelled: return "the call was cancelled";
    }
    return "unknown";
  }
};

}  // namespace

const boost::system::error_category& client_category() noexcept {
  static const category instance;
  return instance;
}

error_code make_error_code(client_error code) noexcept { return {static_cast<int>(code), client_category()}; }

std::string_view error_class(client_error code) noexcept {
  switch (code) {
    case client_error::no_time_left:
    case client_error::resolve_timeout:
    case client_error::connect_timeout:
    case client_error::tls_timeout:
    case client_error::send_timeout:
    case client_error::answer_timeout:
    case client_error::body_timeout: return "timeout";
    case client_error::breaker_open: return "open";
    case client_error::bulkhead_full: return "shed";
    case client_error::resolve_failed: return "dns";
    case client_error::connect_refused:
    case client_error::connect_failed:
    case client_error::no_descriptor:
    case client_error::no_local_port: return "connect";
    case client_error::tls_failed:
    case client_error::tls_bad_certificate: return "tls";
    case client_error::send_failed:
    case client_error::no_answer:
    case client_error::answer_cut_short:
    case client_error::body_cut_short: return "reset";
    case client_error::answer_malformed:
    case client_error::answer_header_too_big:
    case client_error::body_malformed:
    case client_error::too_many_redirects: return "protocol";
    case client_error::body_too_big: return "too_big";
    case client_error::cancelled: return "cancelled";
    case client_error::bad_url: return "bad_url";
  }
  return "unknown";
}

bool is_timeout(client_error code) noexcept { return error_class(code) == "timeout"; }

bool is_connect_failure(client_error code) noexcept {
  return error_class(code) == "connect" || code == client_error::connect_timeout;
}

}  // namespace cohort::http
