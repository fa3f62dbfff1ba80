#include "tools/holder.h"

#include "tools/alternative_name.h"
#include "tools/io.h"
#include "tools/output.h"

namespace keystore::cli {

void HolderOptions::add_to(CLI::App& command) {
  command.add_option("--subject", subject, "'/O=Example/CN=web' or 'CN=web,O=Example'");
  command.add_option("--san", names, "dns:NAME, ip:ADDRESS, email:ADDRESS or uri:URI; repeatable")
      ->delimiter(',')
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

Result<openssl::RequestSpec> HolderOptions::spec() const {
  openssl::RequestSpec holder{.subject = subject};
  for (const auto& name : names) {
    auto ascii = to_ascii(name);
    if (!ascii) return Failure(ascii.error());
    holder.names.push_back(*std::move(ascii));
  }
  return holder;
}

Result<int> print_pem(const std::string& what, const std::string& pem, const std::string& out,
                      bool force, bool json) {
  if (json && out == "-") {
    print_json({{what, pem}});
    return 0;
  }
  const auto written = write_output(out, as_bytes(pem), force);
  if (!written) return Failure(written.error());
  if (out == "-") return 0;
  if (json) {
    print_json({{"out", out}});
  } else {
    print_line(out);
  }
  return 0;
}

}  // namespace keystore::cli
