#include <openssl/pem.h>

#include "keystore/internal/der.h"
#include "keystore/internal/pem_parts.h"
#include "keystore/internal/trust_file.h"
#include "keystore/verify/verify.h"

namespace keystore::verify {

Result<std::vector<Certificate>> read_certificates(const std::string& path, BytesView content,
                                                   AuthorityCache* cache) {
  auto found = read_trust_file(path, content, [cache](BytesView der) {
    return cache != nullptr ? cache->parse(der) : Certificate::parse(der);
  });
  if (!found) return Failure(found.error());
  std::vector<Certificate> certificates;
  for (auto& anchor : found->items) certificates.push_back(std::move(anchor.certificate));
  return certificates;
}

std::vector<Bytes> read_crls(BytesView content) {
  if (!content.empty() && content[0] == der_tag::sequence)
    return {{content.begin(), content.end()}};
  std::vector<Bytes> found;
  PemParts parts(content);
  for (auto part = parts.next(); part && *part; part = parts.next()) {
    if ((*part)->label == PEM_STRING_X509_CRL) found.push_back(std::move((*part)->der));
  }
  return found;
}

}  // namespace keystore::verify
