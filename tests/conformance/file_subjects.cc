#include "tests/backends/pem/data.h"
#include "tests/conformance/subject.h"

namespace keystore::testing {
namespace {

/// Keys and certificates, one behind the other.
class FileSubject : public Subject {
 public:
  bool put_key(std::string_view file) override { return append(file); }
  void put_certificate(std::string_view file) override { append(file); }
  Store store() override { return open_path(path()); }
  OpenOptions options() const override { return plain_options(); }
  std::string label() const override { return "web"; }
  bool exportable() const override { return true; }

 protected:
  std::filesystem::path path() const { return workspace_ / "web.pem"; }

 private:
  bool append(std::string_view file) {
    content_ += read_text(test_file(file));
    write_text(path(), content_);
    return true;
  }

  Workspace workspace_;
  std::string content_ = {};
};

/// A folder: every object in a file of its own, all of one stem.
class FolderSubject : public Subject {
 public:
  bool put_key(std::string_view file) override { return add(file); }
  void put_certificate(std::string_view file) override { add(file); }
  Store store() override { return open_path(workspace_.path()); }
  OpenOptions options() const override { return plain_options(); }
  std::string label() const override { return "web"; }
  bool exportable() const override { return true; }

 private:
  bool add(std::string_view file) {
    workspace_.write("web." + std::to_string(++count_), read_text(test_file(file)));
    return true;
  }

  Workspace workspace_;
  int count_ = 0;
};

/// A file with encrypted keys, written by ourselves.
class EncryptedSubject : public Subject {
 public:
  bool put_key(std::string_view file) override {
    const auto pkcs8 = open_path(test_file(file)).key()->export_pkcs8(insecure_export_permit());
    const Secret passphrase = Secret::copy_of(test_passphrase);
    store_.importer()->import_key(*pkcs8, {.passphrase = &passphrase}).value();
    return true;
  }
  void put_certificate(std::string_view file) override {
    const auto certificate = open_path(test_file(file)).find_certificates()->items.front();
    store_.importer()->import_certificate(certificate, {}).value();
  }
  Store store() override { return open_path(workspace_ / "web.pem", with_passphrase()); }
  OpenOptions options() const override { return with_passphrase(); }
  std::string label() const override { return "web"; }
  bool exportable() const override { return true; }

 private:
  Workspace workspace_;
  Store store_ = open_path(workspace_ / "web.pem");
};

/// A PKCS#12 file, written by ourselves.
class PfxSubject : public Subject {
 public:
  bool put_key(std::string_view file) override {
    const auto pkcs8 = open_path(test_file(file)).key()->export_pkcs8(insecure_export_permit());
    store_.importer()->import_key(*pkcs8, object_).value();
    return true;
  }
  void put_certificate(std::string_view file) override {
    const auto certificate = open_path(test_file(file)).find_certificates()->items.front();
    store_.importer()->import_certificate(certificate, object_).value();
  }
  Store store() override { return open(uri_, with_passphrase()).value(); }
  OpenOptions options() const override { return with_passphrase(); }
  std::string label() const override { return "web"; }
  bool exportable() const override { return true; }

 private:
  Workspace workspace_;
  std::string uri_ = "pfx:" + (workspace_ / "web.p12").string();
  Store store_ = open(uri_, with_passphrase()).value();
  NewObject object_ = {.legacy = true};  // fewer iterations
};

/// keystore:web over a file.
class IdentitySubject : public FileSubject {
 public:
  Store store() override {
    Config config;
    config.identities.push_back({.name = "web", .keys = {"file:" + path().string()}});
    return open("keystore:web", {.config = std::make_shared<Config>(config)}).value();
  }
};

}  // namespace

std::unique_ptr<Subject> make_pem_file() { return std::make_unique<FileSubject>(); }
std::unique_ptr<Subject> make_pem_folder() { return std::make_unique<FolderSubject>(); }
std::unique_ptr<Subject> make_encrypted_file() { return std::make_unique<EncryptedSubject>(); }
std::unique_ptr<Subject> make_pfx() { return std::make_unique<PfxSubject>(); }
std::unique_ptr<Subject> make_identity() { return std::make_unique<IdentitySubject>(); }

}  // namespace keystore::testing
