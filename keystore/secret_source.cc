#include "keystore/secret_source.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>

#include "keystore/file.h"
#include "keystore/internal/read_all.h"
#include "keystore/internal/secret_command.h"
#include "keystore/internal/terminal_turn.h"

namespace keystore {

namespace {

using Kind = SecretSource::Kind;

constexpr std::size_t longest_secret = 64U << 10;

struct Word {
  Kind kind;
  std::string_view name;
  std::string_view form;
};

constexpr std::array words = {
    Word{Kind::prompt, "prompt", "prompt"},
    Word{Kind::file, "file", "file:PATH"},
    Word{Kind::fd, "fd", "fd:N"},
    Word{Kind::cred, "cred", "cred:NAME"},
    Word{Kind::cmd, "cmd", "cmd:PROGRAM ARG…"},
    Word{Kind::env, "env", "env:NAME"},
    Word{Kind::pass, "pass", "pass:TEXT"},
};

const Word* find_word(std::string_view name);
const Word& word_of(Kind kind);
Failure unknown_source();
Result<void> check_argument(Kind kind, std::string_view argument);
std::optional<int> descriptor_in(std::string_view text);
Result<Secret> ask(const PinRequest& request);
Result<Secret> read_credential(const std::string& name);
Result<Secret> read_variable(const std::string& name);
Result<Secret> finished(Result<Secret> content, const SecretSource& source);

}  // namespace

std::string PinRequest::prompt() const {
  constexpr std::array<std::string_view, 6> names = {
      "PIN",        "security officer's PIN", "PIN for this use", "new PIN",
      "passphrase", "new passphrase"};
  const bool token = what != What::passphrase && what != What::new_passphrase;
  std::string text(names[static_cast<std::size_t>(what)]);
  if (!object.empty()) text += fmt::format(" for {}'{}'", token ? "token " : "", object);
  if (!serial.empty()) text += fmt::format(" with serial {}", serial);
  if (final_try) {
    text += " (final try)";
  } else if (tries_left) {
    text += fmt::format(" ({} tries left)", *tries_left);
  }
  return text;
}

Result<SecretSource> SecretSource::parse(std::string_view text) {
  const auto colon = text.find(':');
  const auto* word = find_word(text.substr(0, colon));
  const bool has_argument = colon != text.npos;
  if (word == nullptr || has_argument != (word->kind != Kind::prompt)) return unknown_source();
  const auto argument = has_argument ? text.substr(colon + 1) : std::string_view();
  if (const auto ok = check_argument(word->kind, argument); !ok) return Failure(ok.error());
  return SecretSource(word->kind, std::string(argument));
}

Result<SecretSource> SecretSource::parse_attribute(std::string_view text) {
  if (text.starts_with("file://")) {
    if (text.size() < 8 || text[7] != '/') {
      return fail(Errc::invalid_argument, "a pin-source names a file on another host");
    }
    return parse("file:" + std::string(text.substr(7)));
  }
  if (text.starts_with('|')) {
    return fail(Errc::invalid_argument, "a pin-source that starts with '|' runs a program",
                "a program is named cmd:PROGRAM ARG…");
  }
  const bool has_word = text == "prompt" || text.find(':') < text.find('/');
  return parse(has_word ? std::string(text) : "file:" + std::string(text));
}

bool SecretSource::allowed_in_data() const noexcept {
  return kind_ == Kind::file || kind_ == Kind::cred || kind_ == Kind::prompt;
}

bool SecretSource::repeatable() const noexcept {
  return kind_ == Kind::file || kind_ == Kind::cred;
}

std::string SecretSource::to_string() const {
  if (kind_ == Kind::pass) return "pass:…";
  const auto name = word_of(kind_).name;
  return kind_ == Kind::prompt ? std::string(name) : fmt::format("{}:{}", name, argument_);
}

Result<Secret> SecretSource::read(const PinRequest& request) const {
  switch (kind_) {
    case Kind::prompt:
      return ask(request);
    case Kind::file:
      return finished(read_file(argument_, longest_secret), *this);
    case Kind::fd:
      return finished(read_all(*descriptor_in(argument_), longest_secret, to_string()), *this);
    case Kind::cred:
      return finished(read_credential(argument_), *this);
    case Kind::cmd: {
      const auto turn = take_terminal_turn();
      return finished(read_from_command(argument_, std::chrono::seconds(60)), *this);
    }
    case Kind::env:
      return finished(read_variable(argument_), *this);
    case Kind::pass:
      return Secret::copy_of(argument_);
  }
  return fail(Errc::internal, "a secret source of no kind");
}

namespace {

const Word* find_word(std::string_view name) {
  for (const auto& word : words) {
    if (word.name == name) return &word;
  }
  return nullptr;
}

const Word& word_of(Kind kind) { return words[static_cast<std::size_t>(kind)]; }

// Says nothing of the text: it may be a PIN that somebody forgot to put "pass:" in front of.
Failure unknown_source() {
  std::string forms;
  for (const auto& word : words) forms += fmt::format("{}{}", forms.empty() ? "" : ", ", word.form);
  return fail(Errc::invalid_argument, "a PIN or passphrase source is none that is known",
              "known are " + forms);
}

Result<void> check_argument(Kind kind, std::string_view argument) {
  if (kind == Kind::prompt || kind == Kind::pass) return {};
  const auto form = word_of(kind).form;
  const bool path_in_name =
      kind == Kind::cred && (argument.find('/') != argument.npos || argument.starts_with('.'));
  const bool no_number = kind == Kind::fd && !descriptor_in(argument);
  const bool no_variable = kind == Kind::env && argument.find('=') != argument.npos;
  const bool cut = argument.empty() || argument.find('\0') != argument.npos;
  if (!cut && !path_in_name && !no_number && !no_variable) return {};
  return fail(Errc::invalid_argument,
              fmt::format("'{}' is not of the form {}", word_of(kind).name, form));
}

std::optional<int> descriptor_in(std::string_view text) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

// What is new is typed twice: nobody else could say later what it was.
Result<Secret> ask(const PinRequest& request) {
  auto typed = read_secret_from_terminal(request.prompt());
  const bool is_new =
      request.what == PinRequest::What::new_pin || request.what == PinRequest::What::new_passphrase;
  if (!typed || !is_new) return typed;
  const auto again = read_secret_from_terminal(request.prompt() + ", again");
  if (!again) return Failure(again.error());
  if (*again == *typed) return typed;
  return fail(Errc::invalid_argument,
              fmt::format("the two entries for the {} differ", request.prompt()));
}

// systemd.exec(5), LoadCredential=
Result<Secret> read_credential(const std::string& name) {
  const char* folder = secure_getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) {
    return fail(Errc::pin_required,
                fmt::format("no credential '{}': $CREDENTIALS_DIRECTORY is not set", name),
                "run as a service with LoadCredential=, or name a file with file:PATH");
  }
  auto content = read_file(fmt::format("{}/{}", folder, name), longest_secret);
  if (content || content.error().code != Errc::not_found) return content;
  return fail(Errc::pin_required, fmt::format("no credential '{}' in {}", name, folder),
              fmt::format("add LoadCredential={}:PATH to the service", name));
}

Result<Secret> read_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) {
    return fail(Errc::pin_required, fmt::format("the variable '{}' is not set", name));
  }
  return Secret::copy_of(std::string_view(value));
}

// An empty source is a mistake, and a token would count it as a wrong PIN.
Result<Secret> finished(Result<Secret> content, const SecretSource& source) {
  if (!content) return content;
  auto size = content->size();
  const auto octets = content->view();
  if (size > 0 && octets[size - 1] == '\n') --size;
  if (size > 0 && size < octets.size() && octets[size - 1] == '\r') --size;
  content->shrink(size);
  if (size > 0) return content;
  return fail(Errc::pin_required, fmt::format("{} is empty", source.to_string()));
}

}  // namespace

}  // namespace keystore
