#pragma once

#include "backends/pem/object_file.h"
#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore::pem {

/// `before`, `block` and `after` in one.
Secret joined(std::string_view before, BytesView block, std::string_view after);

/// `file` with `block` in the place of one of its objects.
Secret replace_object(const ObjectFile& file, std::size_t object, const Secret& block);
/// `file` with `block` before its first object.
Secret add_first(const ObjectFile& file, const Secret& block);
/// `file` with `block` behind everything.
Secret add_last(const ObjectFile& file, const Secret& block);
/// `file` without one of its objects; empty when nothing but blanks would remain.
Secret without_object(const ObjectFile& file, std::size_t object);

}  // namespace keystore::pem
