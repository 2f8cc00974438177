// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include <cohort/http/server/router.hpp>

namespace cohort::telemetry {
class registry;
}

namespace cohort::service {

/// A filter for requests to `/api/*` and to operations with a `credential_step`. Requests are rejected with 403 unless
/// the TLS client has a valid certificate with one of the `allowed_uris` (subjectAltName). If the list is empty, every
/// valid certificate is accepted. URIs are compared byte by byte. Rejected requests are counted in
/// `cohort_server_client_certificates_rejected_total{reason}`. `metrics` must outlive the filter.
http::filter client_certificate_filter(std::vector<std::string> allowed_uris, telemetry::registry& metrics);

}  // namespace cohort::service
