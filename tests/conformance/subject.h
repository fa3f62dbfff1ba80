#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "keystore/store.h"

namespace keystore::testing {

/// One store of one backend, made for one test. The first key and certificate
/// have one label.
class Subject {
 public:
  virtual ~Subject() = default;
  /// Puts the key of a file of tests/data/pem into it; false when this backend cannot hold it.
  virtual bool put_key(std::string_view file) = 0;
  virtual void put_certificate(std::string_view file) = 0;
  virtual Store store() = 0;
  /// What opens the URIs of its objects.
  virtual OpenOptions options() const = 0;
  virtual std::string label() const = 0;
  virtual bool exportable() const = 0;
};

/// A backend under test.
struct Backend {
  std::string name;
  std::function<std::unique_ptr<Subject>()> make;
  bool needs_token = false;
};

inline void PrintTo(const Backend& backend, std::ostream* out) { *out << backend.name; }

std::unique_ptr<Subject> make_pem_file();
std::unique_ptr<Subject> make_pem_folder();
std::unique_ptr<Subject> make_encrypted_file();
std::unique_ptr<Subject> make_identity();
std::unique_ptr<Subject> make_token();
std::unique_ptr<Subject> make_reference();

}  // namespace keystore::testing
