#pragma once

#include <map>
#include <string>

#include "keystore/tokens.h"
#include "keystore/verify/doctor/bounded.h"
#include "keystore/verify/doctor/evidence.h"
#include "keystore/verify/doctor/modules.h"

namespace keystore::verify::doctor {

/// The modules and tokens that a check comes across. Each is looked at once, and told of in every
/// report that it stands in the way of.
class Tokens {
 public:
  explicit Tokens(const CheckOptions& options) : options_(options) {}

  /// Whether the token of `uri` can be asked: its module answers, it is there, its PIN is not
  /// locked. What is wrong goes into `report`.
  bool usable(const Uri& uri, TargetReport& report);
  /// `uri`, naming the module that its token was found in, so that no other one is loaded.
  Uri with_module(const Uri& uri) const;
  /// The modules that `uri` selects and the tokens in them, without asking for one in particular.
  void judge_all(TargetReport& report);

 private:
  struct Modules {
    std::vector<std::string> sound = {};  ///< their paths
    bool any_dangerous = false;
  };

  struct Place {
    bool usable = false;
    std::string module = {};  ///< path; empty: in none, or in several
  };

  struct Look {
    Place place = {};
    TargetReport seen = {};
  };

  struct TriedModule {
    ModuleState state = ModuleState::broken;
    TargetReport seen = {};
  };

  Place look(const Uri& token, TargetReport& report);
  Modules modules_of(const Uri& uri, TargetReport& report);

  const CheckOptions& options_;
  std::map<std::string, TriedModule> modules_ = {};  ///< by path
  std::map<std::string, Look> tokens_ = {};          ///< by URI
};

/// Whether a key on a token is there, is the one that its reference says, and signs in time with
/// what its type needs.
void judge_token_key(const FoundKey& found, const Patience& patience, TargetReport& report);

}  // namespace keystore::verify::doctor
