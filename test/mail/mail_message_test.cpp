#include <gtest/gtest.h>

#include "receivers/mail_address.h"
#include "receivers/mail_message.h"
#include "receivers/mail_verdict.h"

namespace watchbill::receivers {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// What is wrong with a list, or its addresses: "name|address;…".
std::string read(std::string_view text) {
  const auto found = parse_mail_addresses(text);
  if (!found) return "! " + found.error().detail;
  std::string out;
  for (const MailAddress& each : *found) out += (out.empty() ? "" : ";") + each.name + "|" + each.address;
  return out;
}

TEST(mail_address, lists_are_read_as_people_write_them) {
  EXPECT_EQ(read("ana@example.net"), "|ana@example.net");
  EXPECT_EQ(read(" a@b.c ,\tb@c.d\r\n"), "|a@b.c;|b@c.d");
  EXPECT_EQ(read("Ana <ana@example.net>"), "Ana|ana@example.net");
  EXPECT_EQ(read("Ana J. Doe <ana@example.net>, <x@y>"), "Ana J. Doe|ana@example.net;|x@y");
  EXPECT_EQ(read(R"("Doe, \"Ana\"" <ana@example.net>,b@c)"), R"(Doe, "Ana"|ana@example.net;|b@c)");
  EXPECT_EQ(read("a@b (night (shift)), (x) c@d"), "|a@b;|c@d");
  EXPECT_EQ(read(",, a@b,, c@d ,"), "|a@b;|c@d");
  EXPECT_EQ(read("\"ana\"@b"), "|ana@b");
  EXPECT_EQ(read("\"a b\"@c"), "|\"a b\"@c");
  EXPECT_EQ(read("a.b+c@[192.0.2.7]"), "|a.b+c@[192.0.2.7]");
  EXPECT_EQ(read("Jürgen <jürgen@exämple.net>"), "Jürgen|jürgen@exämple.net");
  EXPECT_EQ(read("=?utf-8?q?J=C3=BCrgen?= <j@x>"), "=?utf-8?q?J=C3=BCrgen?=|j@x");
}

TEST(mail_address, complaints_say_where_and_what_was_expected) {
  EXPECT_EQ(read(""), "! at character 1: expected an address such as ana@example.net");
  EXPECT_EQ(read(" , "), "! at character 4: expected an address such as ana@example.net");
  EXPECT_EQ(read("ana"), "! at character 4: expected an @ behind the name of the mailbox");
  EXPECT_EQ(read("ana@"), "! at character 5: expected the name of a host behind the @");
  EXPECT_EQ(read("a@b c@d"), "! at character 5: expected a comma between addresses");
  EXPECT_EQ(read("Ana <a@b"), "! at character 9: expected > behind the address");
  EXPECT_EQ(read("ops: a@b, c@d;"), "! at character 4: expected an address: groups are not understood");
  EXPECT_EQ(read("ö..ü@b"), "! at character 1: expected an address such as ana@example.net");
  EXPECT_EQ(read("a@b (x"), "! at character 5: expected a comment that ends with )");
  EXPECT_EQ(read("\"a\nb\" <a@b>"), "! at character 1: expected a text that ends with a quote, on one line");
  EXPECT_EQ(read("a@b\r\nRCPT TO:<x@y>"), "! at character 6: expected a comma between addresses");
  EXPECT_EQ(read("<a@b\r\n>x"), "! at character 8: expected a comma between addresses");
  EXPECT_EQ(read("a@b.c..d"), "! at character 3: expected the name of a host behind the @");
  EXPECT_EQ(read(std::string("a\0@b", 4)), "! at character 2: expected a name or an address");
}

TEST(mail_address, lists_are_bounded) {
  std::string many;
  for (std::size_t i = 0; i < mail_addresses_max; ++i) many += "a@b,";
  EXPECT_EQ(parse_mail_addresses(many)->size(), mail_addresses_max);
  EXPECT_EQ(read(many + "a@b"), "! at character 4001: expected at most 1000 addresses");
  EXPECT_TRUE(has(read(std::string(70'000, ' ') + "a@b"), "at most 64 KiB"));
  EXPECT_TRUE(has(read(std::string(1000, '(')), "expected a comment"));
  EXPECT_EQ(read(std::string(320, 'a') + "@b"), "! at character 323: expected an address of at most 320 bytes");
}

// Expected texts are what Go's quotedprintable.Writer gives.
TEST(mail_message, quoted_printable_is_that_of_go) {
  EXPECT_EQ(quoted_printable("a=b é \n x\t\r\ny \rz\n\n."), "a=3Db =C3=A9=20\r\n x=09\r\ny=20\r\nz\r\n\r\n.");
  EXPECT_EQ(quoted_printable(std::string(75, 'a')), std::string(75, 'a'));
  EXPECT_EQ(quoted_printable(std::string(76, 'a')), std::string(75, 'a') + "=\r\na");
  EXPECT_EQ(quoted_printable(std::string(73, 'a') + "é"), std::string(73, 'a') + "=\r\n=C3=A9");
  EXPECT_EQ(quoted_printable(std::string(75, ' ')), std::string(74, ' ') + "=\r\n=20");
  EXPECT_EQ(quoted_printable(std::string("\0\x7f\xff", 3)), "=00=7F=FF");
  EXPECT_EQ(quoted_printable(""), "");
}

MailMessage small() {
  MailMessage mail;
  mail.headers = {{"From", "wb@example.net"}, {"To", "ana@example.net"}, {"Subject", "[FIRING:1] Disk"}};
  mail.message_id = "<1@example.net>";
  mail.date = *parse_rfc3339("2026-03-01T12:00:05.250Z");
  mail.text = "plain\n";
  mail.html = "<p>rich</p>";
  return mail;
}

std::string header(const std::string& bytes, const std::string& name) {
  const std::size_t begin = bytes.find("\r\n" + name + ": ");
  if (begin == std::string::npos) return "none";
  std::size_t end = bytes.find("\r\n", begin + 2);
  while (bytes[end + 2] == ' ' || bytes[end + 2] == '\t') end = bytes.find("\r\n", end + 2);
  return bytes.substr(begin + name.size() + 4, end - begin - name.size() - 4);
}

std::string subject(std::string value) {
  MailMessage mail = small();
  mail.headers[2].second = std::move(value);
  return header(mail_bytes(mail), "Subject");
}

TEST(mail_message, has_headers_and_alternatives) {
  const std::string bytes = mail_bytes(small());
  const std::string type = header(bytes, "Content-Type");
  ASSERT_TRUE(type.starts_with("multipart/alternative;  boundary=")) << type;
  const std::string boundary = type.substr(type.find('=') + 1);
  EXPECT_EQ(boundary.size(), 60U);
  EXPECT_EQ(
      bytes,
      "From: wb@example.net\r\nTo: ana@example.net\r\nSubject: [FIRING:1] Disk\r\nMessage-Id: <1@example.net>\r\n"
      "Date: Sun, 01 Mar 2026 12:00:05 +0000\r\nContent-Type: multipart/alternative;  boundary=" +
          boundary + "\r\nMIME-Version: 1.0\r\n\r\n--" + boundary +
          "\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nplain\r\n\r\n--" +
          boundary +
          "\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n<p>rich</p>\r\n--" +
          boundary + "--\r\n");
  EXPECT_EQ(mail_bytes(small()), bytes) << "the same each time";
  MailMessage other = small();
  other.text = "else";
  EXPECT_NE(header(mail_bytes(other), "Content-Type"), type);
  other.html.clear();
  EXPECT_FALSE(has(mail_bytes(other), "text/html"));
}

TEST(mail_message, no_header_comes_through_from_a_template) {
  EXPECT_EQ(subject("a\r\nBcc: evil@example.net"), "a Bcc: evil@example.net");
  EXPECT_EQ(subject("a\nb\rc\r\n\r\nd\0e"), "a b c  d");
  EXPECT_EQ(subject(std::string("a\0b\x7f", 4)), "a b ");
  for (const char* name : {"To", "From", "X-Own"}) {
    MailMessage mail = small();
    mail.headers = {{"Subject", "s"}, {name, "a@b\r\nBcc: evil@example.net\r\n\r\n<script>, Jürgen\n <j@x>"}};
    const std::string bytes = mail_bytes(mail);
    EXPECT_FALSE(has(bytes, "\r\nBcc")) << bytes;
    EXPECT_FALSE(has(bytes.substr(0, bytes.find("MIME-Version")), "\r\n\r\n")) << bytes;
  }
  MailMessage mail = small();
  mail.message_id = "<1@x>\r\nBcc: evil";
  mail.headers.emplace_back("X\r\nBcc", "a");
  mail.headers.emplace_back("content-type", "text/evil");
  mail.headers.emplace_back("Date", "never");
  const std::string bytes = mail_bytes(mail);
  EXPECT_FALSE(has(bytes, "\r\nBcc")) << bytes;
  EXPECT_FALSE(has(bytes, "evil\r\n\r\n")) << bytes;
  EXPECT_FALSE(has(bytes, "never") || has(bytes, "text/evil")) << "what names the parts is ours";
}

TEST(mail_message, header_values_are_encoded_as_go_does_it) {
  EXPECT_EQ(subject("[FIRING:1] Störung a_b=c?"), "=?utf-8?q?[FIRING:1]_St=C3=B6rung_a=5Fb=3Dc=3F?=");
  EXPECT_EQ(subject("tab\there"), "tab\there");
  const std::string words = subject(std::string(100, 'x') + "é" + std::string(60, 'y'));
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find("\r\n", at), words.size());
    EXPECT_LE(end - at, 76U);
    at = end + 2;
  }
  EXPECT_TRUE(has(words, "?=\r\n =?utf-8?q?"));
  EXPECT_EQ(subject("\xff\xfe"), "=?utf-8?q?=FF=FE?=");
}

TEST(mail_message, long_headers_are_folded_where_a_blank_is) {
  std::string long_value;
  for (int i = 0; i < 40; ++i) long_value += (i == 0 ? "word" : " word") + std::to_string(i);
  std::string lines = subject(long_value + "  ");
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find("\r\n", at), lines.size());
    EXPECT_LE(end - at, 78U);
    at = end + 2;
  }
  for (std::size_t at = 0; (at = lines.find("\r\n", at)) != std::string::npos;) lines.erase(at, 2);
  EXPECT_EQ(lines, long_value + "  ");
  EXPECT_TRUE(subject(std::string(5000, 'x')).starts_with("=?utf-8?q?")) << "a line has at most 998 bytes";
  EXPECT_TRUE(subject("a" + std::string(1000, ' ') + "b").starts_with("=?utf-8?q?a_")) << "blanks count";
}

TEST(mail_message, names_of_addresses_are_encoded_one_by_one) {
  MailMessage mail = small();
  mail.headers[1].second = R"(Jürgen <j@x>, "Doe, \"Ana\"" <a@b>, Plain Name <p@q>, c@d)";
  EXPECT_EQ(header(mail_bytes(mail), "To"),
            "=?utf-8?q?J=C3=BCrgen?=\r\n <j@x>,\r\n \"Doe, \\\"Ana\\\"\" <a@b>,\r\n Plain Name <p@q>,\r\n c@d");
  mail.headers[1].second = "Jürgen, no address";
  EXPECT_EQ(header(mail_bytes(mail), "To"), "=?utf-8?q?J=C3=BCrgen,_no_address?=");
}

TEST(mail_message, an_own_message_id_wins_and_names_are_canonical) {
  MailMessage mail = small();
  mail.headers.emplace_back("mESSAGE-id", "<mine@x>");
  mail.headers.emplace_back("x-watch-BILL", "yes");
  const std::string bytes = mail_bytes(mail);
  EXPECT_EQ(header(bytes, "Message-Id"), "<mine@x>");
  EXPECT_FALSE(has(bytes, "<1@example.net>"));
  EXPECT_EQ(header(bytes, "X-Watch-Bill"), "yes");
}

TEST(mail_verdict, says_whether_another_attempt_may_help) {
  using ports::MailFailureKind;
  const auto judged = [](MailFailureKind kind, std::uint32_t code) {
    const Verdict verdict = judge(ports::MailFailure{kind, code, "a detail that holds much"});
    return std::string(word(verdict.answer)) + " " + verdict.detail;
  };
  EXPECT_EQ(judged(MailFailureKind::refused, 550), "final smtp 550");
  EXPECT_EQ(judged(MailFailureKind::refused_for_now, 451), "retryable smtp 451");
  EXPECT_EQ(judged(MailFailureKind::call_invalid, 0), "final smtp call_invalid");
  EXPECT_EQ(judged(MailFailureKind::not_connected, 0), "retryable smtp not_connected");
  EXPECT_EQ(judged(MailFailureKind::tls_failed, 0), "retryable smtp tls_failed");
  EXPECT_EQ(judged(MailFailureKind::interrupted, 0), "retryable smtp interrupted");
  EXPECT_EQ(judged(MailFailureKind::login_refused, 454), "retryable smtp 454");
  EXPECT_EQ(judged(MailFailureKind::login_refused, 535), "final smtp 535");
  EXPECT_EQ(judged(MailFailureKind::login_refused, 0), "final smtp login_refused");
}

}  // namespace
}  // namespace watchbill::receivers
