#pragma once

#include <string_view>

#include "keystore/bytes.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/result.h"

namespace keystore::openssl {

/// A distinguished name. "/O=Example/CN=web" is in the order of the encoding, "CN=web,O=Example"
/// the other way round (RFC 4514, 2.1); a backslash takes the next character (or two hexadecimal
/// digits) as it is, "+" joins attributes of one level. Empty text: the empty name. Errors:
/// invalid_argument, naming the part.
Result<X509NamePtr> parse_name(std::string_view text);

/// From DER. Errors: malformed.
Result<X509NamePtr> read_name(BytesView der);

}  // namespace keystore::openssl
