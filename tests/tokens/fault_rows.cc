#include <algorithm>
#include <map>
#include <span>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "tests/tokens/faults.h"

namespace keystore::testing {
namespace {

/// "name=value", or "name" with an empty value.
struct Word {
  std::string name;
  std::string value;
};
using Words = std::vector<Word>;

void read_row(const std::string& line, Faults& faults);
CallFault call_row(const std::string& function, const Words& words);
void token_row(const std::string& name, const Words& words, TokenFaults& token);

}  // namespace

Faults parse_faults(std::string_view text) {
  Faults faults;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    try {
      read_row(line.substr(0, line.find('#')), faults);
    } catch (const std::exception& problem) {
      throw std::invalid_argument("fault '" + line + "': " + problem.what());
    }
  }
  return faults;
}

namespace {

void read_row(const std::string& line, Faults& faults) {
  std::istringstream in(line);
  std::string first;
  if (!(in >> first)) return;
  Words words;
  for (std::string word; in >> word;) {
    const auto equals = word.find('=');
    words.push_back(
        {word.substr(0, equals), equals == std::string::npos ? "" : word.substr(equals + 1)});
  }
  if (first == "*" || first.starts_with("C_")) {
    faults.calls.push_back(call_row(first, words));
  } else {
    token_row(first, words, faults.token);
  }
}

Function function_named(const std::string& name) {
  const auto found = std::find(function_names.begin(), function_names.end(), name);
  if (found == function_names.end()) throw std::invalid_argument("no such function: " + name);
  return static_cast<Function>(found - function_names.begin());
}

unsigned long number(const std::string& text) {
  std::size_t end = 0;
  const auto value = std::stoul(text, &end, 0);
  if (end != text.size()) throw std::invalid_argument("not a number: " + text);
  return value;
}

std::chrono::microseconds duration(const std::string& text) {
  if (text.ends_with("us"))
    return std::chrono::microseconds(number(text.substr(0, text.size() - 2)));
  return std::chrono::milliseconds(number(text));
}

const std::map<std::string, ForeignAct> acts = {
    {"logout", ForeignAct::logout},
    {"close-all-sessions", ForeignAct::close_all_sessions},
    {"finalise", ForeignAct::finalise},
    {"new-handles", ForeignAct::new_handles},
};

using SetCallField = void (*)(CallFault& row, const std::string& value);
const std::map<std::string, SetCallField> call_fields = {
    {"delay", [](CallFault& row, const std::string& value) { row.delay = duration(value); }},
    {"code", [](CallFault& row, const std::string& value) { row.code = number(value); }},
    {"hang", [](CallFault& row, const std::string&) { row.hang = true; }},
    {"on", [](CallFault& row, const std::string& value) { row.first = row.last = number(value); }},
    {"from", [](CallFault& row, const std::string& value) { row.first = number(value); }},
    {"to", [](CallFault& row, const std::string& value) { row.last = number(value); }},
    {"sessions",
     [](CallFault& row, const std::string& value) { row.max_sessions = number(value); }},
};

CallFault call_row(const std::string& function, const Words& words) {
  CallFault row;
  if (function != "*") {
    row.function = function_named(function);
  }
  for (const auto& [name, value] : words) {
    if (const auto act = acts.find(name); act != acts.end()) {
      row.act = act->second;
      row.pin = value;
    } else if (const auto field = call_fields.find(name); field != call_fields.end()) {
      field->second(row, value);
    } else {
      throw std::invalid_argument("no such field: " + name);
    }
  }
  return row;
}

/// Octets in hexadecimal.
std::string octets(const std::string& text) {
  std::string value;
  if (text.size() % 2 != 0) throw std::invalid_argument("odd number of digits: " + text);
  for (std::size_t i = 0; i < text.size(); i += 2)
    value += static_cast<char>(number("0x" + text.substr(i, 2)));
  return value;
}

AttributeFault attribute_row(const Words& words) {
  if (words.size() < 2) throw std::invalid_argument("wants an attribute and what it does");
  using Kind = AttributeFault::Kind;
  AttributeFault row{.type = number(words[0].name)};
  for (const auto& [name, value] : std::span(words).subspan(1)) {
    if (name == "class") {
      row.object_class = number(value);
    } else if (name == "value") {
      row.kind = Kind::value;
      row.value = octets(value);
    } else if (name == "length") {
      row.kind = Kind::length;
      row.length = number(value);
    } else if (name == "missing" || name == "grows") {
      row.kind = name == "grows" ? Kind::grows : Kind::missing;
    } else {
      throw std::invalid_argument("no such field: " + name);
    }
  }
  return row;
}

AnswerFault answer_row(const Words& words) {
  if (words.size() != 2) throw std::invalid_argument("wants a function and what it does");
  AnswerFault row{.function = function_named(words[0].name)};
  const auto& [name, value] = words[1];
  if (name == "length") {
    row.length = number(value);
  } else if (name == "fill") {
    row.fill = static_cast<std::uint8_t>(number(value));
  } else if (name == "again") {
    row.again = true;
  } else {
    throw std::invalid_argument("no such field: " + name);
  }
  return row;
}

/// The only word of a row, which has no value.
const std::string& only(const Words& words) {
  if (words.size() != 1 || !words[0].value.empty()) throw std::invalid_argument("wants one value");
  return words[0].name;
}

void token_row(const std::string& name, const Words& words, TokenFaults& token) {
  if (name == "vanish") {
    token.vanished = true;
    for (const auto& word : words) {
      if (word.name != "code") throw std::invalid_argument("no such field: " + word.name);
      token.away_code = number(word.value);
    }
  } else if (name == "token-flags") {
    for (const auto& word : words) {
      if (word.name != "set" && word.name != "clear")
        throw std::invalid_argument("no such field: " + word.name);
      (word.name == "set" ? token.set_flags : token.clear_flags) |= number(word.value);
    }
  } else if (name == "session-limit") {
    token.session_limit = number(only(words));
  } else if (name == "pin-tries") {
    token.pin_tries = number(only(words));
  } else if (name == "keypad") {
    token.keypad_pin = only(words);
  } else if (name == "always-authenticate") {
    token.always_authenticate = true;
  } else if (name == "without") {
    for (const auto& word : words) token.without.push_back(number(word.name));
  } else if (name == "verify-only") {
    for (const auto& word : words) token.verify_only.push_back(number(word.name));
  } else if (name == "hashing") {
    for (const auto& word : words) token.hashing.push_back(number(word.name));
  } else if (name == "no-create") {
    token.no_create = number(only(words));
  } else if (name == "attribute") {
    token.attributes.push_back(attribute_row(words));
  } else if (name == "answer") {
    token.answers.push_back(answer_row(words));
  } else if (name == "token-text") {
    for (const auto& word : words) token.texts[word.name] = octets(word.value);
  } else {
    throw std::invalid_argument("no such row");
  }
}

}  // namespace
}  // namespace keystore::testing
