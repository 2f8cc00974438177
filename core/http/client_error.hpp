#pragma once

#include <boost/system/error_category.hpp>
#include <string_view>

#include "core/runtime/task.hpp"

namespace cohort::http {

/// Why a call gave no answer, and so at which stage it failed. In the order of a call's stages.
enum class client_error {
  bad_url = 1,            // not http(s), no host
  no_time_left,           // the deadline had passed, or would have, before anything was done
  breaker_open,           // the upstream fails nearly always and is left alone for now
  bulkhead_full,          // as many calls to that upstream are under way as may be
  resolve_failed,         // the name is not known, or the resolver is ill
  resolve_timeout,        //
  connect_refused,        // by every address of the name
  connect_failed,         // unreachable
  no_descriptor,          // this process or machine may open no more
  no_local_port,          // all are taken
  connect_timeout,        //
  tls_failed,             // no common protocol, broken handshake
  tls_bad_certificate,    // not trusted, not valid now, or not for this host
  tls_timeout,            //
  send_failed,            // the peer closed or reset while the request was sent
  send_timeout,           //
  no_answer,              // closed or reset before the answer's first byte
  answer_cut_short,       // closed or reset within the answer's header
  answer_timeout,         // before the answer's header was whole
  answer_malformed,       // not HTTP
  answer_header_too_big,  //
  body_cut_short,         // closed or reset within the body
  body_timeout,           //
  body_malformed,         // chunks or compression broken
  body_too_big,           // above the call's limit
  too_many_redirects,     //
  cancelled,              // by the caller
};

const boost::system::error_category& client_category() noexcept;
error_code make_error_code(client_error code) noexcept;

/// A bounded word for metrics and for people: `timeout`, `open`, `shed`, `connect`, `dns`, `tls`, `reset`, `protocol`,
/// `too_big`, `cancelled`, `bad_url`.
std::string_view error_class(client_error code) noexcept;
/// Whether time was what ran out.
bool is_timeout(client_error code) noexcept;
/// Whether there was no connection, though the name was known: another address may do better.
bool is_connect_failure(client_error code) noexcept;

}  // namespace cohort::http

template <>
struct boost::system::is_error_code_enum<cohort::http::client_error> : std::true_type {};
