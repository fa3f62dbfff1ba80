#include <stdexcept>

#include "keystore/reference.h"
#include "tests/backends/pem/data.h"
#include "tests/conformance/subject.h"
#include "tests/support/softhsm.h"

namespace keystore::testing {
namespace {

/// One token for the process: SoftHSM reads its folder once.
SoftHsm& hsm() {
  static SoftHsm made;
  return made;
}

OpenOptions token_options() {
  OpenOptions options;
  options.config =
      std::make_shared<Config>(Config::load(hsm().keystore_configuration().string()).value());
  options.pin_source = SecretSource::parse(hsm().pin_source()).value();
  return options;
}

/// Fails the test's set-up loudly.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(why(result));
  return std::move(*result);
}

/// The objects of the token, deleted at the end: the next test brings the same keys, and a token
/// refuses to hold one twice.
class TokenSubject : public Subject {
 public:
  TokenSubject() {
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
    const auto key = open_path(test_file(file)).key();
    if (key->type() == KeyType::ed448 || key->entry().shape->rsa_pss_only) return false;
    auto token = must(open(hsm().uri(), token_options()));
    must(token.importer()->import_key(*key->export_pkcs8(insecure_export_permit()),
                                      {.label = next_label(keys_)}));
    return true;
  }
  void put_certificate(std::string_view file) override {
    const auto certificate = open_path(test_file(file)).find_certificates()->items.front();
    auto token = must(open(hsm().uri(), token_options()));
    must(token.importer()->import_certificate(certificate, {.label = next_label(certificates_)}));
  }
  Store store() override { return must(open(hsm().uri(), token_options())); }
  OpenOptions options() const override { return token_options(); }
  std::string label() const override { return label_; }
  bool exportable() const override { return false; }

  /// The first key.
  Key key() const { return must(must(open(hsm().uri(label_), token_options())).key()); }

 private:
  /// A token holds one object of a kind and label.
  std::string next_label(int& count) const {
    return ++count == 1 ? label_ : label_ + "-" + std::to_string(count);
  }

  std::string label_;
  int keys_ = 0;
  int certificates_ = 0;
};

/// A file with references to keys on the token, and certificates.
class ReferenceSubject : public Subject {
 public:
  bool put_key(std::string_view file) override {
    auto& token = *tokens_.emplace_back(std::make_unique<TokenSubject>());
    if (!token.put_key(file)) return false;
    const auto key = token.key();
    const Reference reference{
        .uri = key.uri().with_query_attribute("pin-source", hsm().pin_source()),
        .public_key = key.public_key()};
    return append(must(reference.to_pem()));
  }
  void put_certificate(std::string_view file) override { append(read_text(test_file(file))); }
  Store store() override {
    OpenOptions options = token_options();
    options.pin_source.reset();
    return open_path(workspace_ / "web.pem", options);
  }
  OpenOptions options() const override { return token_options(); }
  std::string label() const override { return "web"; }
  bool exportable() const override { return false; }

 private:
  bool append(const std::string& text) {
    content_ += text;
    workspace_.write("web.pem", content_);
    return true;
  }

  Workspace workspace_;
  std::string content_ = {};
  std::vector<std::unique_ptr<TokenSubject>> tokens_ = {};
};

}  // namespace

std::unique_ptr<Subject> make_token() { return std::make_unique<TokenSubject>(); }
std::unique_ptr<Subject> make_reference() { return std::make_unique<ReferenceSubject>(); }

}  // namespace keystore::testing
