#include "tests/bench/server_chains.h"

#include <fmt/format.h>
#include <openssl/conf.h>
#include <openssl/pem.h>

#include <stdexcept>

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::bench {
namespace {

struct Extension {
  int nid;
  const char* value;
};

EvpPkeyPtr rsa_key(unsigned bits) {
  return EvpPkeyPtr(EVP_PKEY_Q_keygen(private_lib_ctx(), nullptr, "RSA", std::size_t{bits}));
}

void name(X509_NAME* name, const std::string& common_name) {
  for (const auto& [field, value] :
       {std::pair{"C", std::string("DE")}, {"O", std::string("Example")}, {"CN", common_name}}) {
    X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1, 0);
  }
}

/// `issuer` null: self-signed.
X509Ptr certificate(const std::string& subject, EVP_PKEY* key, long serial, X509* issuer,
                    EVP_PKEY* signer, const std::vector<Extension>& extensions) {
  X509Ptr made(X509_new_ex(private_lib_ctx(), nullptr));
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600L * 24 * 90);
  name(X509_get_subject_name(made.get()), subject);
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer != nullptr ? issuer : made.get()));
  X509_set_pubkey(made.get(), key);
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer != nullptr ? issuer : made.get(), made.get(), nullptr, nullptr,
                 0);
  const std::unique_ptr<CONF, FreeWith<NCONF_free>> none(NCONF_new(nullptr));
  X509V3_set_nconf(&context, none.get());
  for (const auto& [nid, value] : extensions) {
    const X509ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    if (!extension || X509_add_ext(made.get(), extension.get(), -1) != 1) {
      throw std::runtime_error(fmt::format("no extension {}", value));
    }
  }
  if (X509_sign(made.get(), signer, EVP_sha256()) == 0) throw std::runtime_error("X509_sign");
  return made;
}

void write(const std::filesystem::path& path, X509* x509) {
  const BioPtr file(BIO_new_file(path.c_str(), "a"));
  if (!file || PEM_write_bio_X509(file.get(), x509) != 1) throw std::runtime_error(path);
}

}  // namespace

std::vector<ServerChain> make_server_chains(const std::filesystem::path& folder, unsigned count) {
  const auto root_key = rsa_key(4096);
  const auto key = rsa_key(2048);
  const EvpPkeyPtr leaf_key(EVP_PKEY_Q_keygen(private_lib_ctx(), nullptr, "EC", "P-256"));
  const Extension ca{NID_basic_constraints, "critical,CA:TRUE"};
  const Extension signs{NID_key_usage, "critical,digitalSignature,keyCertSign,cRLSign"};
  const Extension own_id{NID_subject_key_identifier, "hash"};
  const Extension issuer_id{NID_authority_key_identifier, "keyid:always"};
  const auto root = certificate("Example Root X1", root_key.get(), 1, nullptr, root_key.get(),
                                {ca, signs, own_id});
  const auto issuing =
      certificate("Example Issuing R3", key.get(), 2, root.get(), root_key.get(),
                  {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                   signs,
                   {NID_ext_key_usage, "serverAuth,clientAuth"},
                   own_id,
                   issuer_id,
                   {NID_certificate_policies, "2.23.140.1.2.1"},
                   {NID_info_access, "caIssuers;URI:http://x1.example.org/"},
                   {NID_crl_distribution_points, "URI:http://x1.example.org/crl"}});
  const auto chain = folder / "issuing.pem";
  write(chain, issuing.get());
  std::filesystem::copy_file("/etc/ssl/certs/ca-certificates.crt", folder / "bundle.pem");
  write(folder / "bundle.pem", root.get());
  std::vector<ServerChain> chains;
  for (unsigned i = 0; i < count; ++i) {
    const auto host = fmt::format("www{}.example.org", i);
    const auto names = fmt::format("DNS:{0},DNS:api.{0}", host);
    const auto leaf =
        certificate(host, leaf_key.get(), 1000 + i, issuing.get(), key.get(),
                    {{NID_key_usage, "critical,digitalSignature"},
                     {NID_ext_key_usage, "serverAuth,clientAuth"},
                     {NID_basic_constraints, "critical,CA:FALSE"},
                     own_id,
                     issuer_id,
                     {NID_info_access,
                      "OCSP;URI:http://r3.example.org,caIssuers;URI:http://r3.example.org/der"},
                     {NID_subject_alt_name, names.c_str()},
                     {NID_certificate_policies, "2.23.140.1.2.1"}});
    const auto path = folder / fmt::format("{}.pem", i);
    write(path, leaf.get());
    chains.push_back({path, chain});
  }
  return chains;
}

}  // namespace keystore::bench
