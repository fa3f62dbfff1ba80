// Name constraints of every form (RFC 5280, 4.2.1.10), wildcards, mapped addresses and mailboxes
// beyond ASCII among them.
#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "keystore/verify/internal/names.h"
#include "keystore/verify/internal/rules.h"

namespace keystore::verify {
namespace {

/// One name of a certificate in the form that constraints are compared with.
struct Name {
  int type = 0;           ///< GEN_…
  std::string text = {};  ///< DNS, mailbox, URI, octets of an address
  const X509_NAME* directory = nullptr;
  bool utf8_mailbox = false;
};

struct Names {
  const GENERAL_NAMES* alternative = nullptr;  ///< borrowed from the member
  std::vector<Name> all = {};
};

bool ends_in(std::string_view name, std::string_view domain) {
  return name.size() > domain.size() && name.ends_with(domain) &&
         (domain.starts_with('.') || name[name.size() - domain.size() - 1] == '.');
}

bool dns_within(std::string_view name, std::string_view base) {
  if (base.empty()) return true;
  const auto lower_name = lower(name);
  const auto lower_base = lower(base);
  if (lower_base.starts_with('.')) return ends_in(lower_name, lower_base);
  return lower_name == lower_base || ends_in(lower_name, lower_base);
}

/// Whether some name that a wildcard stands for is within `base`.
bool wildcard_meets(std::string_view wildcard, std::string_view base) {
  const auto parent = lower(wildcard.substr(2));
  auto domain = lower(base);
  if (domain.starts_with('.')) domain.erase(0, 1);
  const auto dot = domain.find('.');
  return dot != std::string::npos && domain.substr(dot + 1) == parent && !base.starts_with('.');
}

bool host_within(std::string_view host, std::string_view base) {
  const auto lower_base = lower(base);
  return lower_base.starts_with('.') ? ends_in(lower(host), lower_base) : lower(host) == lower_base;
}

bool mailbox_within(const Name& name, std::string_view base, bool excluded) {
  const auto at = name.text.rfind('@');
  if (at == std::string::npos) return excluded;
  const auto host = std::string_view(name.text).substr(at + 1);
  const auto base_at = base.rfind('@');
  if (base_at == std::string_view::npos) return host_within(host, base);
  if (lower(host) != lower(base.substr(base_at + 1))) return false;
  // How local parts beyond ASCII compare is not settled (RFC 9598, 6): an exclusion takes them all.
  if (name.utf8_mailbox && excluded) return true;
  return name.text.substr(0, at) == base.substr(0, base_at);
}

bool address_within(std::string_view address, std::string_view range) {
  const auto size = range.size() / 2;
  if (address.size() != size) return false;
  for (std::size_t i = 0; i < size; ++i) {
    if (((address[i] ^ range[i]) & range[size + i]) != 0) return false;
  }
  return true;
}

/// The relative names of `base` lead those of `name`.
bool directory_within(const X509_NAME* name, const X509_NAME* base) {
  const X509NamePtr head(X509_NAME_dup(name));
  const int count = X509_NAME_entry_count(base);
  while (head && X509_NAME_entry_count(head.get()) > count) {
    X509_NAME_ENTRY_free(X509_NAME_delete_entry(head.get(), count));
  }
  return head && X509_NAME_cmp(head.get(), base) == 0;
}

bool within(const Name& name, const GENERAL_NAME& base, bool excluded) {
  switch (name.type) {
    case GEN_DNS: {
      const auto domain = text_of(base.d.dNSName);
      if (dns_within(name.text, domain)) return true;
      return excluded && name.text.starts_with("*.") && wildcard_meets(name.text, domain);
    }
    case GEN_EMAIL:
      return mailbox_within(name, text_of(base.d.rfc822Name), excluded);
    case GEN_URI: {
      const auto host = uri_host(name.text);
      const bool address = host && (host->starts_with('[') ||
                                    host->find_first_not_of("0123456789.") == std::string::npos);
      if (!host || address) return excluded;  // not to be compared: refused either way
      return host_within(*host, text_of(base.d.uniformResourceIdentifier));
    }
    case GEN_IPADD:
      return address_within(name.text, text_of(base.d.iPAddress));
    case GEN_DIRNAME:
      return directory_within(name.directory, base.d.directoryName);
    default:
      return false;
  }
}

/// Looks at the subtrees of the name's type: is there one, is it within one.
struct Match {
  bool any = false;
  bool within = false;
};

Match match(const Name& name, const STACK_OF(GENERAL_SUBTREE) * subtrees, bool excluded) {
  Match result;
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); ++i) {
    const auto& base = *sk_GENERAL_SUBTREE_value(subtrees, i)->base;
    if (base.type != name.type) continue;
    result.any = true;
    result.within = result.within || within(name, base, excluded);
  }
  return result;
}

void add_address(Names& names, std::string_view octets) {
  names.all.push_back({.type = GEN_IPADD, .text = std::string(octets)});
}

/// ::ffff:192.0.2.1 reaches the host 192.0.2.1.
std::optional<std::string> mapped_address(std::string_view octets) {
  static constexpr std::string_view prefix("\0\0\0\0\0\0\0\0\0\0\xFF\xFF", 12);
  if (octets.size() != 16 || !octets.starts_with(prefix)) return {};
  return std::string(octets.substr(12));
}

void add_alternative_names(Names& names) {
  for (int i = 0; i < sk_GENERAL_NAME_num(names.alternative); ++i) {
    const auto* name = sk_GENERAL_NAME_value(names.alternative, i);
    if (const auto mailbox = smtp_utf8_mailbox(*name)) {
      names.all.push_back({.type = GEN_EMAIL, .text = *mailbox, .utf8_mailbox = true});
    } else if (name->type == GEN_DNS || name->type == GEN_EMAIL || name->type == GEN_URI) {
      names.all.push_back({.type = name->type, .text = std::string(text_of(name->d.ia5))});
    } else if (name->type == GEN_IPADD) {
      add_address(names, text_of(name->d.iPAddress));
    } else if (name->type == GEN_DIRNAME) {
      names.all.push_back({.type = GEN_DIRNAME, .directory = name->d.directoryName});
    }
  }
}

/// Where there is no alternative name, programs may take the common name for one.
void add_common_names(Names& names, const Member& member) {
  for (const auto& value : subject_values(member, NID_commonName)) {
    std::array<char, 16> octets = {};
    if (inet_pton(AF_INET, value.c_str(), octets.data()) == 1) {
      add_address(names, {octets.data(), 4});
    } else if (inet_pton(AF_INET6, value.c_str(), octets.data()) == 1) {
      add_address(names, {octets.data(), 16});
    } else if (is_dns_name(value, true) && value.find('.') != std::string::npos) {
      names.all.push_back({.type = GEN_DNS, .text = value});
    }
  }
}

Names names_of(const Member& member, bool target) {
  Names names{.alternative = alternative_names(member)};
  const auto* subject = X509_get_subject_name(member.x509());
  if (X509_NAME_entry_count(subject) > 0) {
    names.all.push_back({.type = GEN_DIRNAME, .directory = subject});
  }
  add_alternative_names(names);
  const bool unnamed = member.extension(NID_subject_alt_name) == nullptr;
  if (unnamed && target) add_common_names(names, member);
  if (unnamed) {
    for (const auto& value : subject_values(member, NID_pkcs9_emailAddress)) {
      names.all.push_back({.type = GEN_EMAIL, .text = value});
    }
  }
  return names;
}

Refusal refused(const Names& names, const NAME_CONSTRAINTS& constraints) {
  for (const auto& name : names.all) {
    const auto permitted = match(name, constraints.permittedSubtrees, false);
    if (permitted.any && !permitted.within) return "a name is not within the permitted subtrees";
    if (match(name, constraints.excludedSubtrees, true).within) return "a name is excluded";
    const auto mapped = name.type == GEN_IPADD ? mapped_address(name.text) : std::nullopt;
    if (mapped &&
        match({.type = GEN_IPADD, .text = *mapped}, constraints.excludedSubtrees, true).within) {
      return "a mapped address is excluded";
    }
  }
  return {};
}

bool has_name(const GENERAL_NAMES* names, int type) {
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    if (sk_GENERAL_NAME_value(names, i)->type == type) return true;
  }
  return false;
}

/// Forms that nobody compares refuse the names that they are about; those of X.400 and EDI all.
bool has_unknown_form(const STACK_OF(GENERAL_SUBTREE) * subtrees, const GENERAL_NAMES* names) {
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); ++i) {
    const int type = sk_GENERAL_SUBTREE_value(subtrees, i)->base->type;
    if (type == GEN_X400 || type == GEN_EDIPARTY) return true;
    if ((type == GEN_OTHERNAME || type == GEN_RID) && has_name(names, type)) return true;
  }
  return false;
}

}  // namespace

Refusal name_constraints(const PathQuestion& input) {
  const auto& members = input.path.members;
  for (std::size_t ca = members.size() - 1; ca > 0; --ca) {
    if (members[ca]->extension(NID_name_constraints) == nullptr) continue;
    const auto* constraints = members[ca]->value_of<NAME_CONSTRAINTS>(NID_name_constraints);
    if (constraints == nullptr) return "name constraints are malformed";
    for (std::size_t at = 0; at < ca; ++at) {
      if (at != 0 && members[at]->self_issued()) continue;  // RFC 5280, 6.1.3 (b)
      const auto names = names_of(*members[at], at == 0);
      if (has_unknown_form(constraints->permittedSubtrees, names.alternative) ||
          has_unknown_form(constraints->excludedSubtrees, names.alternative)) {
        return "a constraint is of a form that cannot be compared";
      }
      if (auto refusal = refused(names, *constraints)) return refusal;
    }
  }
  return {};
}

}  // namespace keystore::verify
