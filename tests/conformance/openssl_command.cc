#include "tests/conformance/openssl_command.h"

#include "tests/support/process.h"
#include "tests/support/workspace.h"

namespace keystore::testing {
namespace {

std::string write_public_key(const Workspace& workspace, const PublicKey& key) {
  const auto path = workspace.write("public.der", as_text(key.spki()));
  return path.string();
}

std::string digest_option(Digest digest) {
  switch (digest_size(digest)) {
    case 20:
      return "-sha1";
    case 32:
      return "-sha256";
    case 48:
      return "-sha384";
    default:
      return "-sha512";
  }
}

std::vector<std::string> verify_command(const SignSpec& spec, const std::string& key,
                                        const std::string& message, const std::string& signature) {
  if (spec.algorithm == SignAlgorithm::eddsa) {
    return {"openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER",    "-inkey",
            key,       "-rawin",  "-in",     message,  "-sigfile", signature};
  }
  std::vector<std::string> command{"openssl",  "dgst",       digest_option(spec.digest),
                                   "-keyform", "DER",        "-verify",
                                   key,        "-signature", signature};
  if (spec.algorithm == SignAlgorithm::rsa_pss) {
    const auto salt = "rsa_pss_saltlen:" + std::to_string(digest_size(spec.digest));
    command.insert(command.end(), {"-sigopt", "rsa_padding_mode:pss", "-sigopt", salt});
  }
  command.push_back(message);
  return command;
}

}  // namespace

std::string openssl_verify(const PublicKey& key, SignatureScheme scheme, std::string_view message,
                           BytesView signature) {
  const Workspace workspace;
  const auto command = verify_command(spec_of(scheme), write_public_key(workspace, key),
                                      workspace.write("message", message).string(),
                                      workspace.write("signature", as_text(signature)).string());
  const auto outcome = run(command);
  return outcome.ok() ? "verified" : outcome.text();
}

std::string openssl_encrypt(const PublicKey& key, std::string_view plaintext,
                            const std::vector<std::string>& options) {
  const Workspace workspace;
  std::vector<std::string> command{
      "openssl",  "pkeyutl", "-encrypt", "-pubin",
      "-keyform", "DER",     "-inkey",   write_public_key(workspace, key)};
  for (const auto& option : options) command.insert(command.end(), {"-pkeyopt", option});
  return run(command, {.input = std::string(plaintext)}).out;
}

std::string openssl_derive(const std::string& key_file, const PublicKey& peer) {
  const Workspace workspace;
  const auto outcome = run({"openssl", "pkeyutl", "-derive", "-inkey", key_file, "-peerform", "DER",
                            "-peerkey", write_public_key(workspace, peer)});
  return outcome.out;
}

}  // namespace keystore::testing
