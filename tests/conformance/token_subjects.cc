#include <algorithm>
#include <stdexcept>

#include "keystore/reference.h"
#include "tests/backends/pem/data.h"
#include "tests/conformance/subject.h"

namespace keystore::testing {
namespace {

/// Fails the test's set-up loudly.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(why(result));
  return std::move(*result);
}

/// Objects of the token, deleted at the end: the next test brings the same keys, and a token
/// refuses to hold one twice.
class TokenSubject : public Subject {
 public:
  explicit TokenSubject(const RealToken& kind) : kind_(kind), token_(shared_token(kind)) {
    static int count = 0;
    label_ = "subject-" + std::to_string(++count) + ".";
  }
  ~TokenSubject() override {
    auto token = store();
    const auto found = token.find_entries();
    if (!found) return;
    for (const auto& entry : found->items) {
      if (entry.label.starts_with(label_) && entry.kind != EntryKind::public_key)
        static_cast<void>(token.remover()->remove(entry));
    }
  }
  bool put_key(std::string_view file) override {
    const auto* row = std::ranges::find(key_files, file, &KeyFile::file);
    if (row == key_files.end()) return false;
    auto token = store();
    if (!lack(row->import)) {
      const auto key = open_path(test_file(file)).key();
      must(token.importer()->import_key(*key->export_pkcs8(insecure_export_permit()),
                                        {.label = next_label(keys_)}));
      return true;
    }
    if (lack(row->generate)) return false;
    must(token.generator()->generate_key(must(KeySpec::parse(row->type)),
                                         {.label = next_label(keys_)}));
    return true;
  }
  void put_certificate(std::string_view file) override {
    const auto certificate = open_path(test_file(file)).find_certificates()->items.front();
    must(store().importer()->import_certificate(certificate, {.label = next_label(certificates_)}));
  }
  Store store() override { return must(open(token_.uri(), options())); }
  OpenOptions options() const override { return token_options(token_); }
  std::string label() const override { return label_; }
  bool exportable() const override { return false; }
  const Lack* lack(Capability capability) const override { return kind_.lack(capability); }

  /// The first key.
  Key key() const { return must(must(open(token_.uri(label_), options())).key()); }

 private:
  /// A token holds one object of a kind and label.
  std::string next_label(int& count) const {
    return ++count == 1 ? label_ : label_ + "-" + std::to_string(count);
  }

  const RealToken& kind_;
  TokenFixture& token_;
  std::string label_;
  int keys_ = 0;
  int certificates_ = 0;
};

/// A file with references to keys on the token, and certificates.
class ReferenceSubject : public Subject {
 public:
  explicit ReferenceSubject(const RealToken& kind) : kind_(kind), token_(shared_token(kind)) {}
  bool put_key(std::string_view file) override {
    auto& subject = *subjects_.emplace_back(std::make_unique<TokenSubject>(kind_));
    if (!subject.put_key(file)) return false;
    const auto key = subject.key();
    const Reference reference{
        .uri = key.uri().with_query_attribute("pin-source", token_.pin_source()),
        .public_key = key.public_key()};
    append(must(reference.to_pem()));
    return true;
  }
  void put_certificate(std::string_view file) override { append(read_text(test_file(file))); }
  Store store() override {
    auto without_pin = options();
    without_pin.pin_source.reset();
    return open_path(workspace_ / "web.pem", without_pin);
  }
  OpenOptions options() const override { return token_options(token_); }
  std::string label() const override { return "web"; }
  bool exportable() const override { return false; }
  const Lack* lack(Capability capability) const override { return kind_.lack(capability); }

 private:
  void append(const std::string& text) {
    content_ += text;
    workspace_.write("web.pem", content_);
  }

  const RealToken& kind_;
  TokenFixture& token_;
  Workspace workspace_;
  std::string content_ = {};
  std::vector<std::unique_ptr<TokenSubject>> subjects_ = {};
};

}  // namespace

OpenOptions token_options(const TokenFixture& token) {
  OpenOptions options;
  options.config =
      std::make_shared<Config>(Config::load(token.keystore_configuration().string()).value());
  options.pin_source = SecretSource::parse(token.pin_source()).value();
  return options;
}

std::unique_ptr<Subject> make_token(const RealToken& kind) {
  return std::make_unique<TokenSubject>(kind);
}
std::unique_ptr<Subject> make_reference(const RealToken& kind) {
  return std::make_unique<ReferenceSubject>(kind);
}

}  // namespace keystore::testing
