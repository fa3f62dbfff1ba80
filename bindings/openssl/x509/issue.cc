#include "bindings/openssl/x509/issue.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <array>

#include "bindings/openssl/x509/alternative_names.h"
#include "bindings/openssl/x509/extensions.h"
#include "bindings/openssl/x509/name.h"
#include "bindings/openssl/x509/read_request.h"
#include "bindings/openssl/x509/signature.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/public_key_parsed.h"

namespace keystore::openssl {
namespace {

/// All that goes into a certificate beside the signature.
struct Content {
  const PublicKey& key;
  const IssueSpec& spec;
  X509NamePtr subject;
  X509NamePtr issuer;
  std::vector<std::string> names;
  Bytes issuer_key_id;
};

Result<Certificate> sign_certificate(const Key& signer, const Content& content);
Result<Bytes> issuer_key_id(const Identity& issuer);
std::vector<std::string> names_or_host(const IssueSpec& spec, std::vector<std::string> names,
                                       const X509_NAME* subject);

}  // namespace

Result<Purpose> parse_purpose(std::string_view text) {
  if (text == "server") return Purpose::server;
  if (text == "client") return Purpose::client;
  if (text == "ca") return Purpose::ca;
  return fail(Errc::invalid_argument, fmt::format("unknown purpose '{}'", text),
              "say server, client or ca");
}

Result<Certificate> self_sign(const Key& key, const IssueSpec& spec) {
  const OpensslErrorMark mark;
  if (!key.public_key()) {
    return fail(Errc::unsupported, fmt::format("{} shows no public key", key.uri().canonical()));
  }
  const auto& holder = spec.holder;
  const auto read = [&holder] {
    return holder.subject_der.empty() ? parse_name(holder.subject) : read_name(holder.subject_der);
  };
  auto subject = read();
  if (!subject) return Failure(subject.error());
  if (X509_NAME_entry_count(subject->get()) == 0) {
    return fail(Errc::invalid_argument, "a certificate signed by itself needs a subject");
  }
  auto issuer = read();
  if (!issuer) return Failure(issuer.error());
  auto names = names_or_host(spec, holder.names, subject->get());
  return sign_certificate(key, {*key.public_key(), spec, *std::move(subject), *std::move(issuer),
                                std::move(names), key.public_key()->key_identifier()});
}

Result<Certificate> issue(const Identity& issuer, BytesView request, const IssueSpec& spec) {
  const OpensslErrorMark mark;
  const auto asked = read_request(request);
  if (!asked) return Failure(asked.error());
  const auto& certificate = issuer.leaf();
  if (!certificate.is_ca()) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is no certificate of a CA", certificate.subject()));
  }
  if (spec.not_after > certificate.not_after()) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' ends before the certificate would", certificate.subject()),
                "ask for fewer days");
  }
  const auto& holder = spec.holder;
  const bool own_subject = !holder.subject.empty() || !holder.subject_der.empty();
  auto subject = !own_subject                 ? read_name(asked->subject_der)
                 : holder.subject_der.empty() ? parse_name(holder.subject)
                                              : read_name(holder.subject_der);
  if (!subject) return Failure(subject.error());
  auto issuer_name = read_name(certificate.subject_der());
  if (!issuer_name) return Failure(issuer_name.error());
  auto key_id = issuer_key_id(issuer);
  if (!key_id) return Failure(key_id.error());
  auto names =
      names_or_host(spec, holder.names.empty() ? asked->names : holder.names, subject->get());
  return sign_certificate(issuer.key(),
                          {asked->key, spec, *std::move(subject), *std::move(issuer_name),
                           std::move(names), *std::move(key_id)});
}

namespace {

bool set_serial(X509* certificate) {
  std::array<unsigned char, 16> octets = {};
  if (RAND_bytes_ex(private_lib_ctx(), octets.data(), octets.size(), 0) != 1) return false;
  const BnPtr number(BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_time(ASN1_TIME* time, std::chrono::sys_seconds at) {
  return ASN1_TIME_set(time, std::chrono::system_clock::to_time_t(at)) != nullptr;
}

Result<X509Ptr> unsigned_certificate(const Content& content, const X509_ALGOR* algorithm) {
  X509Ptr made(X509_new_ex(private_lib_ctx(), nullptr));
  const bool good =
      made && X509_set_version(made.get(), X509_VERSION_3) == 1 && set_serial(made.get()) &&
      X509_set_issuer_name(made.get(), content.issuer.get()) == 1 &&
      X509_set_subject_name(made.get(), content.subject.get()) == 1 &&
      set_time(X509_getm_notBefore(made.get()), content.spec.not_before) &&
      set_time(X509_getm_notAfter(made.get()), content.spec.not_after) &&
      X509_set_pubkey(made.get(), pkey_of(content.key)) == 1 &&
      // OpenSSL sets the inner algorithm only while it signs itself; the object is ours to change.
      X509_ALGOR_copy(const_cast<X509_ALGOR*>(X509_get0_tbs_sigalg(made.get())), algorithm) == 1;
  if (!good) return Failure(error_from_openssl(Errc::internal, "cannot make the certificate"));
  const ExtensionSpec extensions = {.purpose = content.spec.purpose,
                                    .key = content.key,
                                    .names = content.names,
                                    .anonymous = X509_NAME_entry_count(content.subject.get()) == 0,
                                    .issuer_key_id = content.issuer_key_id};
  const auto added = add_extensions(made.get(), extensions);
  if (!added) return Failure(added.error());
  return made;
}

Result<Certificate> sign_certificate(const Key& signer, const Content& content) {
  if (content.spec.not_after <= content.spec.not_before) {
    return fail(Errc::invalid_argument, "the certificate would end before it begins");
  }
  if (!signer.public_key()) {
    return fail(Errc::unsupported, fmt::format("{} shows no public key", signer.uri().canonical()));
  }
  const auto signature = signature_for(signer.public_key()->shape());
  if (!signature) return Failure(signature.error());
  const auto made = unsigned_certificate(content, signature->algorithm.get());
  if (!made) return Failure(made.error());
  std::uint8_t* der = nullptr;
  const int size = i2d_re_X509_tbs(made->get(), &der);
  if (size <= 0)
    return Failure(error_from_openssl(Errc::internal, "cannot encode the certificate"));
  const OpensslMemoryPtr<std::uint8_t> owned(der);
  const auto whole = sign_structure(signer, *signature, {der, static_cast<std::size_t>(size)});
  if (!whole) return Failure(whole.error());
  return Certificate::parse(*whole);
}

Result<Bytes> issuer_key_id(const Identity& issuer) {
  if (auto id = key_id_of(issuer.leaf())) return *std::move(id);
  const auto key = issuer.leaf().public_key();
  if (!key) return Failure(key.error());
  return key->key_identifier();
}

std::vector<std::string> names_or_host(const IssueSpec& spec, std::vector<std::string> names,
                                       const X509_NAME* subject) {
  if (spec.purpose != Purpose::server || !names.empty()) return names;
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return names;
  const auto* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  const auto text =
      as_text({ASN1_STRING_get0_data(value), static_cast<std::size_t>(ASN1_STRING_length(value))});
  if (is_host_name(text)) names.push_back("dns:" + std::string(text));
  return names;
}

}  // namespace
}  // namespace keystore::openssl
