#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "keystore/verify/internal/member.h"

namespace keystore::verify {

/// ASCII letters in lower case.
std::string lower(std::string_view text);
/// A name of letters, digits, hyphens and dots (RFC 5280, 4.2.1.6; RFC 1123, 2.1), labels of 1 to
/// 63 characters; with `wildcard`, "*" may stand for the whole leftmost label (RFC 9525, 6.3).
bool is_dns_name(std::string_view name, bool wildcard);
/// Whether the certificate's dNSName stands for `host`; a wildcard for exactly one label.
bool dns_name_matches(std::string_view presented, std::string_view host);
/// Local-part "@" domain without quotes and comments (RFC 5280, 4.2.1.6).
bool is_mailbox(std::string_view mailbox);
/// The host of an absolute URI with an authority (RFC 3986, 3.2), lower case, without port and user
/// information. Empty where there is none, or it is not well formed.
std::optional<std::string> uri_host(std::string_view uri);

/// The alternative names, borrowed from `member`; null when there are none, or they are malformed.
const GENERAL_NAMES* alternative_names(const Member& member);
/// The octets of a string as text.
std::string_view text_of(const ASN1_STRING* string);
/// A string of any type as UTF-8; empty where it is not well formed.
std::optional<std::string> utf8_of(const ASN1_STRING* string);
/// The values of an attribute of the subject as UTF-8.
std::vector<std::string> subject_values(const Member& member, int nid);
/// The mailbox of an SmtpUTF8Mailbox (RFC 9598); empty for other names.
std::optional<std::string> smtp_utf8_mailbox(const GENERAL_NAME& name);

}  // namespace keystore::verify
