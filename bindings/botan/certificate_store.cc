#include "bindings/botan/certificate_store.h"

#include "bindings/botan/error.h"
#include "keystore/log.h"

namespace keystore::botan {
namespace {

void add(Botan::Certificate_Store_In_Memory& to, const Certificate& certificate) {
  try {
    to.add_certificate(Botan::X509_Certificate(certificate.der()));
  } catch (const Botan::Exception& problem) {
    log(LogLevel::warning, "certificate '" + certificate.subject() +
                               "' is left out, Botan cannot read it: " + problem.what());
  }
}

template <class T>
std::vector<T> readable(Listing<T> listing) {
  for (const auto& error : listing.skipped) log(LogLevel::warning, error.message);
  return std::move(listing.items);
}

}  // namespace

std::unique_ptr<Botan::Certificate_Store> certificate_store(const Store& store, Purpose purpose) {
  auto made = std::make_unique<Botan::Certificate_Store_In_Memory>();
  if (const auto* trust = store.trust()) {
    for (const auto& anchor : readable(value_of(trust->anchors()))) {
      if (anchor.trusted_for(purpose)) add(*made, anchor.certificate);
    }
  } else {
    for (const auto& certificate : readable(value_of(store.find_certificates()))) {
      add(*made, certificate);
    }
  }
  return made;
}

}  // namespace keystore::botan
