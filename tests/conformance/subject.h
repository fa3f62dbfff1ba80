#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "keystore/store.h"
#include "tests/conformance/real_tokens.h"

namespace keystore::testing {

/// One store of one backend, made for one test. The first key and certificate
/// have one label.
class Subject {
 public:
  virtual ~Subject() = default;
  /// Puts the key of a file of tests/data/pem into it, or where a token takes none a new one of the
  /// same type; false when this backend cannot hold it.
  virtual bool put_key(std::string_view file) = 0;
  virtual void put_certificate(std::string_view file) = 0;
  virtual Store store() = 0;
  /// What opens the URIs of its objects.
  virtual OpenOptions options() const = 0;
  virtual std::string label() const = 0;
  virtual bool exportable() const = 0;
  /// Why it cannot; null: it can.
  virtual const Lack* lack(Capability) const { return nullptr; }
};

/// A backend under test.
struct Backend {
  std::string name;
  std::function<std::unique_ptr<Subject>()> make;
  const RealToken* token = nullptr;  ///< that the test needs
};

inline void PrintTo(const Backend& backend, std::ostream* out) { *out << backend.name; }

std::unique_ptr<Subject> make_pem_file();
std::unique_ptr<Subject> make_pem_folder();
std::unique_ptr<Subject> make_encrypted_file();
std::unique_ptr<Subject> make_pfx();
std::unique_ptr<Subject> make_identity();
/// On the shared token of that kind.
std::unique_ptr<Subject> make_token(const RealToken& kind);
std::unique_ptr<Subject> make_reference(const RealToken& kind);

/// Opens that token with its configuration and PIN source.
OpenOptions token_options(const TokenFixture& token);

}  // namespace keystore::testing
