#include "keystore/verify/doctor/starttls.h"

#include <array>

namespace keystore::verify {
namespace {

struct Word {
  std::string_view text;
  StartTls protocol;
};

constexpr std::array words = {Word{"smtp", StartTls::smtp}, Word{"imap", StartTls::imap},
                              Word{"postgres", StartTls::postgres}};

}  // namespace

Result<StartTls> parse_starttls(std::string_view text) {
  for (const auto& word : words) {
    if (word.text == text) return word.protocol;
  }
  return fail(Errc::invalid_argument, "there is no STARTTLS for '" + std::string(text) + "'",
              "use one of smtp, imap, postgres");
}

namespace doctor {
namespace {

constexpr int most_lines = 100;

Failure refused(const Connection& connection, const std::string& answer) {
  return fail(Errc::unsupported, connection.peer() + " does not start TLS: " + answer);
}

/// The last line of an answer with that code (RFC 5321, 4.2.1).
Result<void> smtp_answer(const Connection& connection, std::string_view code) {
  for (int i = 0; i < most_lines; ++i) {
    const auto line = connection.read_line();
    if (!line) return Failure(line.error());
    if (!line->starts_with(code)) return refused(connection, *line);
    if (line->size() <= code.size() || (*line)[code.size()] != '-') return {};
  }
  return fail(Errc::malformed, connection.peer() + " answers without end");
}

/// RFC 3207, 4.
Result<void> start_smtp(const Connection& connection) {
  if (auto greeted = smtp_answer(connection, "220"); !greeted) return greeted;
  if (auto sent = connection.write("EHLO localhost\r\n"); !sent) return sent;
  if (auto known = smtp_answer(connection, "250"); !known) return known;
  if (auto sent = connection.write("STARTTLS\r\n"); !sent) return sent;
  return smtp_answer(connection, "220");
}

/// RFC 9051, 6.2.1.
Result<void> start_imap(const Connection& connection) {
  const auto greeting = connection.read_line();
  if (!greeting) return Failure(greeting.error());
  if (!greeting->starts_with("* OK")) return refused(connection, *greeting);
  if (auto sent = connection.write("a STARTTLS\r\n"); !sent) return sent;
  for (int i = 0; i < most_lines; ++i) {
    const auto line = connection.read_line();
    if (!line) return Failure(line.error());
    if (line->starts_with("a OK")) return {};
    if (!line->starts_with("*")) return refused(connection, *line);
  }
  return fail(Errc::malformed, connection.peer() + " answers without end");
}

/// PostgreSQL's SSLRequest: its length, then the request's number, 80877103.
Result<void> start_postgres(const Connection& connection) {
  constexpr std::string_view request("\0\0\0\x08\x04\xd2\x16\x2f", 8);
  if (auto sent = connection.write(request); !sent) return sent;
  const auto answer = connection.read_octet();
  if (!answer) return Failure(answer.error());
  if (*answer == 'S') return {};
  return refused(connection, *answer == 'N' ? "it does no TLS" : "it is no PostgreSQL server");
}

}  // namespace

Result<void> start_tls(const Connection& connection, StartTls protocol) {
  switch (protocol) {
    case StartTls::none:
      return {};
    case StartTls::smtp:
      return start_smtp(connection);
    case StartTls::imap:
      return start_imap(connection);
    case StartTls::postgres:
      return start_postgres(connection);
  }
  return {};
}

}  // namespace doctor
}  // namespace keystore::verify
