#include "keystore/internal/pem_parts.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "keystore/internal/openssl_error.h"

namespace keystore {

PemParts::PemParts(BytesView text)
    : text_(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))) {}

Result<std::optional<PemPart>> PemParts::next() {
  const OpensslErrorMark mark;
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  const int read = PEM_read_bio(text_.get(), &name, &header, &data, &size);
  const OpensslMemoryPtr<char> own_name(name);
  const OpensslMemoryPtr<char> own_header(header);
  const OpensslMemoryPtr<unsigned char> own_data(data);
  if (read == 1) return PemPart{name, Bytes(data, data + size)};
  if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) return std::nullopt;
  return Failure(error_from_openssl(Errc::malformed, "the PEM block is malformed"));
}

}  // namespace keystore
