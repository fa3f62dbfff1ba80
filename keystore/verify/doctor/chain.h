#pragma once

#include <span>

#include "keystore/verify/doctor/leaf.h"

namespace keystore::verify::doctor {

/// Who says which issuers go with a leaf: a server that sends them, or files, to which those of
/// CheckOptions::material count as well.
enum class Source { server, files };

/// Whether peers find a path from the leaf to their anchors with what is sent along (`served`), and
/// what is wrong on that path. Returns it, leaf first; empty where there is none to an anchor.
std::vector<Certificate> judge_path(const Leaf& leaf, std::span<const Certificate> served,
                                    Source source, const Case& all, TargetReport& report);

/// Whether certificates that are sent as they stand, the leaf's own among them or not, are in the
/// order of the path and belong to it. `where`: "web.pem"; `fix`: how they are put in order.
void judge_order(const Certificate& leaf, std::span<const Certificate> sent,
                 const std::string& where, const Fix& fix, TargetReport& report);

/// judge_order() for each file of the targets that holds certificates of a leaf.
void judge_files(Case& all, const std::vector<Leaf>& leaves);

/// Whether two keys among `certificates` have one identifier.
void judge_key_ids(std::span<const Certificate> certificates, TargetReport& report);

}  // namespace keystore::verify::doctor
