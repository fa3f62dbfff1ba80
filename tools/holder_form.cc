#include "tools/holder_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>

#include "tools/alternative_name.h"
#include "tools/ask.h"
#include "tools/country_codes.h"
#include "tools/output.h"

namespace keystore::cli {
namespace {

constexpr int most_tries = 3;

struct Field {
  std::string_view question;
  std::string_view type;
  std::size_t most;  ///< characters (RFC 5280, appendix A.1, upper bounds)
};
constexpr std::string_view country = "C";
constexpr std::string_view common_name = "CN";
constexpr Field fields[] = {{"Country, two letters:", country, 2},
                            {"State or province:", "ST", 128},
                            {"Locality:", "L", 128},
                            {"Organisation:", "O", 64},
                            {"Organisational unit:", "OU", 64},
                            {"Common name:", common_name, 64}};

Result<std::string> ask_field(const Field& field);
Result<std::vector<std::string>> ask_names(const std::string& usual);
void add(std::string& subject, std::string_view type, std::string_view value);

}  // namespace

Result<openssl::RequestSpec> ask_holder() {
  openssl::RequestSpec holder;
  std::string name;
  for (const auto& field : fields) {
    auto answer = ask_field(field);
    if (!answer) return Failure(answer.error());
    if (answer->empty()) continue;
    add(holder.subject, field.type, *answer);
    if (field.type == common_name) name = *std::move(answer);
  }
  auto names = ask_names(name);
  if (!names) return Failure(names.error());
  holder.names = *std::move(names);
  if (!holder.subject.empty() || !holder.names.empty()) return holder;
  return fail(Errc::invalid_argument, "a request needs a subject or an alternative name");
}

namespace {

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == text.npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

/// The answer as `read` takes it; what it refuses is asked for again.
template <typename Read>
auto ask_until(std::string_view question, Read read) -> decltype(read(std::string())) {
  for (int tries = 1;; ++tries) {
    const auto answer = ask_line(question);
    if (!answer) return Failure(answer.error());
    auto taken = read(trimmed(*answer));
    if (taken || tries == most_tries) return taken;
    print_warning(taken.error().message);
  }
}

/// The characters of UTF-8 text; 0 where it is none or has control characters.
std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const auto lead = static_cast<std::uint8_t>(text[at]);
    const std::size_t size = lead < 0x80   ? 1
                             : lead < 0xc2 ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                                           : 4;
    if (size == 0 || lead > 0xf4 || lead < 0x20 || lead == 0x7f || at + size > text.size())
      return 0;
    const auto rest = text.substr(at + 1, size - 1);
    if (!std::ranges::all_of(rest, [](char c) { return (c & 0xc0) == 0x80; })) return 0;
    at += size;
  }
  return count;
}

Result<std::string> ask_field(const Field& field) {
  return ask_until(field.question, [&](std::string answer) -> Result<std::string> {
    if (answer.empty()) return answer;
    if (field.type == country) {
      std::ranges::transform(answer, answer.begin(),
                             [](unsigned char c) { return std::toupper(c); });
      if (is_country_code(answer)) return answer;
      return fail(Errc::invalid_argument,
                  fmt::format("'{}' is no country code of ISO 3166, as DE or US is", answer));
    }
    const auto count = characters(answer);
    if (count != 0 && count <= field.most) return answer;
    if (count == 0) return fail(Errc::invalid_argument, "the answer is not UTF-8 text");
    return fail(Errc::invalid_argument,
                fmt::format("{} characters are too many, {} may be", count, field.most));
  });
}

/// Separated by commas or spaces.
std::vector<std::string> words(std::string_view text) {
  constexpr std::string_view separators = ", \t";
  std::vector<std::string> all;
  for (auto from = text.find_first_not_of(separators); from != text.npos;
       from = text.find_first_not_of(separators, from)) {
    const auto end = std::min(text.find_first_of(separators, from), text.size());
    all.emplace_back(text.substr(from, end - from));
    from = end;
  }
  return all;
}

Result<std::vector<std::string>> read_names(const std::vector<std::string>& typed) {
  std::vector<std::string> names;
  for (const auto& word : typed) {
    auto name = recognised_name(word);
    if (!name) return Failure(name.error());
    if (const auto good = openssl::check_names(std::span(&*name, 1)); !good) {
      return Failure(good.error());
    }
    if (std::ranges::find(names, *name) == names.end()) names.push_back(*std::move(name));
  }
  return names;
}

/// A common name that is a host's or an address is what `usual` suggests.
Result<std::vector<std::string>> ask_names(const std::string& usual) {
  const bool has_dot = usual.find('.') != usual.npos;
  const auto suggested = has_dot ? read_names({usual}) : Result<std::vector<std::string>>();
  const bool suggests = suggested && !suggested->empty();
  const auto question =
      suggests ? fmt::format("Alternative names (DNS, IP, e-mail, URI; - for none) [{}]:", usual)
               : std::string("Alternative names (DNS, IP, e-mail, URI):");
  return ask_until(question, [&](const std::string& answer) -> Result<std::vector<std::string>> {
    if (answer.empty() && suggests) return suggested;
    if (answer == "-") return std::vector<std::string>();
    return read_names(words(answer));
  });
}

void add(std::string& subject, std::string_view type, std::string_view value) {
  subject += fmt::format("/{}=", type);
  for (const char c : value) {
    if (c == '/' || c == '+' || c == '\\') subject += '\\';
    subject += c;
  }
}

}  // namespace
}  // namespace keystore::cli
