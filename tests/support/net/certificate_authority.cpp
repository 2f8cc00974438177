// SPDX-License-Identifier: BSL-1.0
#include "tests/support/net/certificate_authority.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>
#include <utility>

namespace cohort::test {
namespace {

using std::chrono::seconds;

[[noreturn]] void fail(const std::string& what) {
  const char* reason = ERR_reason_error_string(ERR_get_error());
  throw std::runtime_error("certificate authority: " + what + ": " + (reason != nullptr ? reason : "unknown error"));
}

void check(bool has_succeeded, const char* what) {
  if (!has_succeeded) {
    fail(what);
  }
}

void set_validity(X509* certificate, seconds offset, seconds length) {
  check(X509_gmtime_adj(X509_getm_notBefore(certificate), offset.count()) != nullptr, "not before");
  check(X509_gmtime_adj(X509_getm_notAfter(certificate), (offset + length).count()) != nullptr, "not after");
}

void set_common_name(X509_NAME* subject, const std::string& name) {
  check(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.data()),
                                   static_cast<int>(name.size()), -1, 0) == 1,
        "subject");
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) {
    fail("extension " + value);
  }
  const bool is_added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  check(is_added, "add extension");
}

std::string alternative_names(const certificate_request& request) {
  std::string names;
  const auto add = [&names](const char* kind, const std::string& name) {
    names.append(names.empty() ? "" : ",").append(kind).append(name);
  };
  for (const auto& name : request.dns) {
    add("DNS:", name);
  }
  for (const auto& address : request.ip) {
    add("IP:", address);
  }
  for (const auto& uri : request.uri) {
    add("URI:", uri);
  }
  return names;
}

template <class Write>
std::string pem(Write write) {
  const std::unique_ptr<BIO, int (*)(BIO*)> memory{BIO_new(BIO_s_mem()), BIO_free};
  check(memory != nullptr && write(memory.get()) == 1, "write PEM");
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string to_pem(EVP_PKEY* key) {
  return pem([key](BIO* to) { return PEM_write_bio_PKCS8PrivateKey(to, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

std::string to_pem(X509* certificate) {
  return pem([certificate](BIO* to) { return PEM_write_bio_X509(to, certificate); });
}

}  // namespace

certificate_authority::certificate_authority(const std::string& name)
    : key_{EVP_EC_gen("P-256")}, certificate_{X509_new()} {
  check(key_ != nullptr && certificate_ != nullptr, "create");
  X509* root = certificate_.get();
  X509_set_version(root, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(root), last_serial_);
  // The validity of the root includes that of every leaf, so a test depends only on the dates of the leaf.
  set_validity(root, std::chrono::hours{-24 * 365}, std::chrono::hours{2 * 24 * 365});
  set_common_name(X509_get_subject_name(root), name);
  check(X509_set_issuer_name(root, X509_get_subject_name(root)) == 1, "issuer");
  check(X509_set_pubkey(root, key_.get()) == 1, "public key");
  add_extension(root, root, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(root, root, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(root, root, NID_subject_key_identifier, "hash");
  check(X509_sign(root, key_.get(), EVP_sha256()) > 0, "sign");
}

std::string certificate_authority::certificate_pem() const { return to_pem(certificate_.get()); }

certificate_and_key certificate_authority::issue(const certificate_request& request) {
  const std::string names = alternative_names(request);
  if (names.empty()) {
    throw std::runtime_error("certificate authority: a certificate needs at least one DNS name, IP address or URI");
  }
  const decltype(key_) key{EVP_EC_gen("P-256")};
  const decltype(certificate_) certificate{X509_new()};
  check(key != nullptr && certificate != nullptr, "create");
  X509* leaf = certificate.get();
  X509_set_version(leaf, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(leaf), ++last_serial_);
  set_validity(leaf, request.not_before_offset, request.validity_period);
  const auto& subject_names = !request.dns.empty() ? request.dns : !request.ip.empty() ? request.ip : request.uri;
  set_common_name(X509_get_subject_name(leaf), subject_names.front());
  check(X509_set_issuer_name(leaf, X509_get_subject_name(certificate_.get())) == 1, "issuer");
  check(X509_set_pubkey(leaf, key.get()) == 1, "public key");
  add_extension(leaf, certificate_.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(leaf, certificate_.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(leaf, certificate_.get(), NID_ext_key_usage, request.usage);
  add_extension(leaf, certificate_.get(), NID_subject_alt_name, names);
  add_extension(leaf, certificate_.get(), NID_subject_key_identifier, "hash");
  add_extension(leaf, certificate_.get(), NID_authority_key_identifier, "keyid:always");
  check(X509_sign(leaf, key_.get(), EVP_sha256()) > 0, "sign");
  return {to_pem(leaf), to_pem(key.get())};
}

std::string ed25519_key_pem() {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"),
                                                           EVP_PKEY_free};
  return to_pem(key.get());
}

}  // namespace cohort::test
