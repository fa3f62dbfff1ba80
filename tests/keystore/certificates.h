#pragma once

#include <string>
#include <vector>

#include "keystore/certificate.h"
#include "keystore/key.h"
#include "tests/keystore/software_keys.h"
#include "tests/support/process.h"
#include "tests/support/workspace.h"

namespace keystore::testing {

/// A key and its certificate, made by the openssl command line.
struct Pair {
  Key key;
  Certificate certificate;
};

/// Issues certificates into one folder.
class Authority {
 public:
  /// Makes NAME.pem and NAME.key, signed by `issuer` (made before) or by itself. Throws when
  /// openssl refuses.
  Pair make(const std::string& name, const std::string& issuer, bool ca,
            const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command = {
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/O=Example/CN=" + name,
        "-days",
        "36500",
        "-keyout",
        name + ".key",
        "-out",
        name + ".pem",
        "-addext",
        ca ? "basicConstraints=critical,CA:TRUE" : "basicConstraints=CA:FALSE"};
    if (!issuer.empty()) {
      command.insert(command.end(), {"-CA", issuer + ".pem", "-CAkey", issuer + ".key"});
    }
    command.insert(command.end(), more.begin(), more.end());
    must(command);
    must({"openssl", "pkcs8", "-topk8", "-nocrypt", "-in", name + ".key", "-outform", "DER", "-out",
          name + ".der"});
    const auto pkcs8 = read_text(folder_ / (name + ".der"));
    return {software_key(as_bytes(pkcs8), "pkcs11:token=t;object=" + name),
            Certificate::parse_pem(read_text(folder_ / (name + ".pem"))).value()};
  }

  const Workspace& folder() const noexcept { return folder_; }

 private:
  void must(const std::vector<std::string>& command) const {
    const auto outcome = run(command, {.folder = folder_.path()});
    if (!outcome.ok()) throw std::runtime_error(outcome.text());
  }

  Workspace folder_;
};

}  // namespace keystore::testing
