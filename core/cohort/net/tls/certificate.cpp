// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/tls/certificate.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509err.h>

#include <algorithm>
#include <array>
#include <ctime>

#include <cohort/net/tls/certificate_expiry.hpp>

namespace cohort::net {
namespace {

std::string format_time(const ASN1_TIME* time) {
  std::tm fields{};
  std::array<char, 32> text{};
  if (ASN1_TIME_to_tm(time, &fields) == 1) std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &fields);
  return text.data();
}

}  // namespace

bool is_key_mismatch(const error_code& error) noexcept {
  const auto code = static_cast<unsigned long>(error.value());
  const auto reason = ERR_GET_REASON(code);
  return ERR_GET_LIB(code) == ERR_LIB_X509 &&
         (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH);
}

bool has_matching_key(const SSL_CTX* context) noexcept {
  const bool matches = SSL_CTX_check_private_key(context) == 1;
  ERR_clear_error();
  return matches;
}

std::size_t for_each_certificate(const std::string& pem, const std::function<void(X509*)>& visitor) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> input{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                        &BIO_free};
  std::size_t count = 0;
  for (;;) {
    const x509_ptr certificate{PEM_read_bio_X509(input.get(), nullptr, nullptr, nullptr), &X509_free};
    if (!certificate) break;
    visitor(certificate.get());
    ++count;
  }
  ERR_clear_error();
  return count;
}

std::optional<std::string> find_validity_error(const X509* certificate) {
  const auto* not_before = X509_get0_notBefore(certificate);
  const auto* not_after = X509_get0_notAfter(certificate);
  if (X509_cmp_current_time(not_after) < 0) return "the certificate expired on " + format_time(not_after);
  if (X509_cmp_current_time(not_before) > 0) return "the certificate is not valid before " + format_time(not_before);
  return std::nullopt;
}

std::vector<std::string> alternative_names(const X509* certificate, int type) {
  std::vector<std::string> values;
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const auto* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != type) continue;
    // The strings of all three types have the same structure.
    const auto* text = name->d.ia5;
    values.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                        static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  GENERAL_NAMES_free(names);
  return values;
}

std::optional<wall_time> find_expiry(const std::string& certificates) {
  std::optional<wall_time> earliest_expiry;
  for_each_certificate(certificates, [&earliest_expiry](X509* certificate) {
    std::tm fields{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &fields) != 1) return;
    const wall_time expiry{std::chrono::seconds{::timegm(&fields)}};
    earliest_expiry = std::min(earliest_expiry.value_or(expiry), expiry);
  });
  return earliest_expiry;
}

}  // namespace cohort::net
