#pragma once

#include <sys/socket.h>

namespace keystore::verify {

/// Whether it is an IPv4 or IPv6 address of the public internet: none of the special registries
/// (RFC 6890 and its successors), nor one that carries such an IPv4 address.
bool is_public_address(const sockaddr& address);

}  // namespace keystore::verify
