#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <functional>
#include <map>
#include <memory>

#include "tools/progress.h"
#include "tools/verification.h"

namespace keystore::cli {
namespace {

using Setter = std::function<Result<void>(Verification&, const Json&)>;

Failure wrong(std::string_view kind) {
  return fail(Errc::invalid_argument, fmt::format("must be {}", kind));
}

Result<std::string> text(const Json& value) {
  if (!value.is_string()) return wrong("a text");
  return value.get<std::string>();
}

Result<std::vector<std::string>> texts(const Json& value) {
  if (!value.is_array()) return wrong("a list of texts");
  std::vector<std::string> list;
  for (const auto& item : value) {
    if (!item.is_string()) return wrong("a list of texts");
    list.push_back(item.get<std::string>());
  }
  return list;
}

Result<bool> yes_or_no(const Json& value) {
  if (!value.is_boolean()) return wrong("true or false");
  return value.get<bool>();
}

Result<unsigned> number(const Json& value) {
  constexpr unsigned most = 1000000;
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most) return wrong("a number");
  return value.get<unsigned>();
}

template <class T>
Result<T> worded(const Json& value, Result<T> (*parse)(std::string_view)) {
  const auto word = text(value);
  if (!word) return Failure(word.error());
  return parse(*word);
}

template <class T>
Setter set(std::function<void(Verification&, T)> put, Result<T> (*read)(const Json&)) {
  return [put, read](Verification& question, const Json& value) -> Result<void> {
    auto got = read(value);
    if (!got) return Failure(got.error());
    put(question, *std::move(got));
    return {};
  };
}

#define KEYSTORE_FIELD(member, type, read) \
  set<type>([](Verification& question, type value) { question.member = std::move(value); }, read)

Result<Purpose> purpose(const Json& value) { return worded(value, parse_purpose); }
Result<verify::Profile> profile(const Json& value) { return worded(value, verify::parse_profile); }
Result<verify::CrlCheck> crl_check(const Json& value) {
  return worded(value, verify::parse_crl_check);
}
Result<std::chrono::sys_seconds> time_field(const Json& value) { return worded(value, parse_time); }

const std::map<std::string, Setter>& fields() {
  using Texts = std::vector<std::string>;
  static const std::map<std::string, Setter> table = {
      {"cert", KEYSTORE_FIELD(certificate, std::string, text)},
      {"chain", KEYSTORE_FIELD(chain, Texts, texts)},
      {"trust", KEYSTORE_FIELD(trust, Texts, texts)},
      {"distrust", KEYSTORE_FIELD(distrust, Texts, texts)},
      {"ocsp_response", KEYSTORE_FIELD(ocsp_responses, Texts, texts)},
      {"second_opinion", KEYSTORE_FIELD(options.second_opinion, bool, yes_or_no)},
      {"strict_second_opinion", KEYSTORE_FIELD(options.strict_second_opinion, bool, yes_or_no)},
      {"soft_fail", KEYSTORE_FIELD(options.soft_fail, bool, yes_or_no)},
      {"crl", KEYSTORE_FIELD(crls, Texts, texts)},
      {"host", KEYSTORE_FIELD(options.host, std::string, text)},
      {"ip", KEYSTORE_FIELD(options.ip, std::string, text)},
      {"email", KEYSTORE_FIELD(options.email, std::string, text)},
      {"purpose", KEYSTORE_FIELD(options.purpose, Purpose, purpose)},
      {"profile", KEYSTORE_FIELD(options.profile, verify::Profile, profile)},
      {"at", KEYSTORE_FIELD(at, std::chrono::sys_seconds, time_field)},
      {"crl_check", KEYSTORE_FIELD(options.crl_check, verify::CrlCheck, crl_check)},
      {"policy", KEYSTORE_FIELD(options.policies, Texts, texts)},
      {"explicit_policy", KEYSTORE_FIELD(options.explicit_policy, bool, yes_or_no)},
      {"inhibit_any_policy", KEYSTORE_FIELD(options.inhibit_any_policy, bool, yes_or_no)},
      {"inhibit_policy_mapping", KEYSTORE_FIELD(options.inhibit_policy_mapping, bool, yes_or_no)},
      {"partial_chain", KEYSTORE_FIELD(options.partial_chain, bool, yes_or_no)},
      {"depth", KEYSTORE_FIELD(options.depth, unsigned, number)},
  };
  return table;
}

#undef KEYSTORE_FIELD

struct CloseFile {
  void operator()(std::FILE* file) const noexcept {
    if (file != stdin) std::fclose(file);
  }
};

struct FreeLine {
  void operator()(char* line) const noexcept { std::free(line); }
};

void answer(Verifier& verifier, std::string_view line) {
  const auto question = verification_from_json(line);
  const auto verdict =
      question ? verifier.run(*question) : Result<verify::Verdict>(Failure(question.error()));
  print_json(verdict_json(verdict ? *verdict
                                  : verify::Verdict{.reason = verdict.error().message,
                                                    .openssl = {false, "not asked"}}));
  std::fflush(stdout);
}

}  // namespace

Result<Verification> verification_from_json(std::string_view line) {
  const auto object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return fail(Errc::malformed, "the line is not a JSON object");
  Verification question;
  question.options.second_opinion = false;  // costs more than the rest
  for (const auto& [name, value] : object.items()) {
    if (value.is_null()) continue;
    const auto field = fields().find(name);
    if (field == fields().end()) {
      return fail(Errc::invalid_argument, fmt::format("there is no field '{}'", name));
    }
    if (auto good = field->second(question, value); !good) {
      return fail(good.error().code, fmt::format("'{}': {}", name, good.error().message));
    }
  }
  if (question.certificate.empty()) return fail(Errc::invalid_argument, "'cert' is missing");
  return question;
}

Result<int> verify_batch(const std::string& file, const verify::FetchOptions& fetch) {
  const std::unique_ptr<std::FILE, CloseFile> input(file == "-" ? stdin
                                                                : std::fopen(file.c_str(), "rb"));
  if (!input) return Failure(error_from_errno(errno, "fopen", "read", file));
  Verifier verifier(fetch);
  char* buffer = nullptr;
  std::size_t capacity = 0;
  std::size_t lines = 0;
  // Whoever types the lines is not kept waiting.
  const bool typed = isatty(fileno(input.get())) == 1;
  Waiting waiting(typed ? "" : "verifying");
  for (;;) {
    const auto size = getline(&buffer, &capacity, input.get());
    const std::unique_ptr<char, FreeLine> owned(std::exchange(buffer, nullptr));
    capacity = 0;
    if (size < 0) break;
    std::string_view line(owned.get(), static_cast<std::size_t>(size));
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    answer(verifier, line);
    if (!typed) waiting.now(fmt::format("verifying: {} answered", ++lines));
  }
  if (std::ferror(input.get()) != 0)
    return Failure(error_from_errno(errno, "getline", "read", file));
  return 0;
}

}  // namespace keystore::cli
