#include "keystore/verify/doctor/codes.h"

#include <array>

namespace keystore::verify::doctor {
namespace {

using enum Severity;

constexpr std::array rows = {
    CodeRow{Code::key_missing, "key.missing", error,
            "nobody can show a certificate without the private key that belongs to it"},
    CodeRow{Code::key_mismatch, "key.mismatch", error,
            "every handshake with a key of another certificate fails"},
    CodeRow{Code::key_weak, "key.weak", error,
            "a short key can be computed from the certificate, and clients refuse it"},
    CodeRow{Code::key_readable_by_others, "key.readable-by-others", error,
            "who reads the key can pass for its owner"},
    CodeRow{Code::key_not_encrypted, "key.not-encrypted", note,
            "a backup or a stolen disk gives the key away"},
    CodeRow{Code::key_extractable, "key.extractable", warning,
            "a key that may leave its token is as safe as the places where its copies are"},
    CodeRow{Code::cert_expired, "cert.expired", error, "peers refuse expired certificates"},
    CodeRow{Code::cert_not_yet_valid, "cert.not-yet-valid", error,
            "peers refuse certificates before their time; a wrong clock looks the same"},
    CodeRow{Code::cert_expires_soon, "cert.expires-soon", warning,
            "peers refuse it from that moment on"},
    CodeRow{Code::cert_host_mismatch, "cert.host-mismatch", error,
            "clients refuse a server whose certificate is for another name"},
    CodeRow{
        Code::cert_no_san, "cert.no-san", error,
        "clients look for the host in the alternative names alone (RFC 9525, 6.3), never in the "
        "common name"},
    CodeRow{
        Code::cert_purpose, "cert.purpose", error,
        "peers refuse a certificate whose extended key usage does not list what it is used for"},
    CodeRow{Code::cert_key_usage, "cert.key-usage", error,
            "peers refuse signatures and handshakes that the key usage does not allow"},
    CodeRow{Code::cert_too_long, "cert.too-long", error,
            "browsers refuse public certificates that are valid for longer than the limit of their "
            "day of issue"},
    CodeRow{Code::cert_weak_signature, "cert.weak-signature", error,
            "certificates with such signatures can be forged, and peers refuse them"},
    CodeRow{Code::chain_incomplete, "chain.incomplete", error,
            "peers that do not know the missing issuers find no path to their trust anchors"},
    CodeRow{Code::chain_untrusted, "chain.untrusted", error,
            "peers that trust the same anchors refuse the certificate"},
    CodeRow{Code::chain_order, "chain.order", warning,
            "a server sends the chain as it stands, and TLS 1.2 wants each certificate to certify "
            "the one before it (RFC 5246, 7.4.2)"},
    CodeRow{Code::chain_duplicate_key_ids, "chain.duplicate-key-ids", warning,
            "who looks for an issuer by its key identifier may take the wrong one"},
    CodeRow{Code::revoked, "revoked", error,
            "peers that ask for its status refuse the certificate"},
    CodeRow{Code::revocation_unknown, "revocation.unknown", warning,
            "peers that insist on a status refuse the certificate, others do not see a revocation"},
    CodeRow{Code::pin_final_try, "pin.final-try", error,
            "one more wrong PIN locks the token, so no program tries the one that it has"},
    CodeRow{Code::pin_locked, "pin.locked", error, "nothing can use the keys of the token"},
    CodeRow{Code::pin_source, "pin.source", error,
            "a server that cannot read the PIN or passphrase cannot use the key"},
    CodeRow{Code::module_load, "module.load", error,
            "nothing reaches the tokens behind the module"},
    CodeRow{
        Code::module_permissions, "module.permissions", error,
        "a module runs with all rights of the program: who can change it owns the program, so it "
        "is not loaded"},
    CodeRow{Code::token_absent, "token.absent", error, "its keys cannot be used meanwhile"},
    CodeRow{Code::token_mechanism, "token.mechanism", error,
            "handshakes that need the mechanism fail"},
    CodeRow{Code::token_stuck, "token.stuck", error,
            "a program that asks the token waits as well, and serves nobody meanwhile"},
    CodeRow{
        Code::provider_order, "provider.order", warning,
        "OpenSSL takes an algorithm from the first provider that has it: keys of other programs "
        "go through ours"},
    CodeRow{Code::provider_default_missing, "provider.default-missing", error,
            "without the default provider OpenSSL has neither digests nor ciphers"},
    CodeRow{Code::provider_not_loaded, "provider.not-loaded", warning,
            "programs that use OpenSSL cannot use reference PEMs and pkcs11: URIs"},
};

constexpr bool in_order() {
  for (std::size_t at = 0; at < rows.size(); ++at) {
    if (rows[at].code != static_cast<Code>(at)) return false;
  }
  return rows.size() == static_cast<std::size_t>(Code::provider_not_loaded) + 1;
}
static_assert(in_order());

}  // namespace

const CodeRow& row_of(Code code) noexcept { return rows[static_cast<std::size_t>(code)]; }

}  // namespace keystore::verify::doctor
