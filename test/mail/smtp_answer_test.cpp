#include <gtest/gtest.h>

#include "drivers/net/smtp_answer.h"
#include "drivers/net/smtp_login.h"
#include "drivers/net/smtp_text.h"

namespace watchbill::drivers::net {
namespace {

SmtpAnswer whole(std::string_view bytes) {
  SmtpAnswerReader reader;
  EXPECT_EQ(reader.put(bytes), bytes.size());
  EXPECT_EQ(reader.state(), SmtpAnswerReader::State::whole);
  return reader.take();
}

TEST(smtp_answer, is_read_from_any_pieces) {
  constexpr std::string_view bytes = "250-first\r\n250-\r\n250 last\nrest";
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    SmtpAnswerReader reader;
    std::size_t at = 0;
    while (reader.state() == SmtpAnswerReader::State::reading && at < bytes.size()) at += reader.put(bytes.substr(at, size));
    ASSERT_EQ(reader.state(), SmtpAnswerReader::State::whole) << size;
    EXPECT_EQ(bytes.substr(at), "rest");
    const SmtpAnswer answer = reader.take();
    EXPECT_EQ(answer.code, 250U);
    EXPECT_EQ(answer.lines, (std::vector<std::string>{"first", "", "last"}));
    EXPECT_EQ(reader.state(), SmtpAnswerReader::State::reading);
  }
}

TEST(smtp_answer, what_is_none_is_malformed) {
  for (const std::string_view bad : {"\r\n", "25\r\n", "250_x\r\n", "150 x\r\n", "600 x\r\n", "2x0 x\r\n", "abc\n"}) {
    SmtpAnswerReader reader;
    reader.put(bad);
    EXPECT_EQ(reader.state(), SmtpAnswerReader::State::malformed) << bad;
  }
}

TEST(smtp_answer, is_shown_on_one_line) {
  EXPECT_EQ(whole("550-5.1.1 no\r\n550 such\tuser\xc3\xb6\r\n").shown(), "550 5.1.1 no such?user??");
  EXPECT_EQ(whole("550 " + std::string(1000, 'x') + "\r\n").shown().size(), 300U);
  EXPECT_EQ(whole("535 5.7.8 secret\r\n").shown_code(), "535 5.7.8");
  EXPECT_EQ(whole("535 secret\r\n").shown_code(), "535");
  EXPECT_EQ(whole("535\r\n").shown(), "535");
}

TEST(smtp_answer, offers_are_read_in_any_case) {
  const SmtpOffer offer =
      offer_of(whole("250-STARTTLS AUTH\r\n250-size 1000\r\n250-Auth  plain CRAM-md5\r\n250-SMTPUTF8\r\n250 8bitmime\r\n"));
  EXPECT_FALSE(offer.has_start_tls) << "the first line greets";
  EXPECT_TRUE(offer.has_size && offer.has_utf8 && offer.has_eight_bits && offer.has_login);
  EXPECT_EQ(offer.logins, (std::vector<std::string>{"PLAIN", "CRAM-MD5"}));
}

TEST(smtp_login, passwords_need_tls_or_this_host) {
  SmtpOffer offer;
  offer.has_login = true;
  offer.logins = {"PLAIN", "LOGIN"};
  ports::MailCall call;
  call.host = "mail.example";
  EXPECT_FALSE(choose_login(offer, call, true)->has_value()) << "nobody logs in";
  call.username = "u";
  call.password = "p";
  EXPECT_EQ(*choose_login(offer, call, true), std::optional{SmtpMechanism::plain});
  EXPECT_EQ(choose_login(offer, call, false).error(), "LOGIN is not said without TLS");
  for (const char* host : {"localhost", "127.0.0.1", "::1"}) {
    call.host = host;
    EXPECT_EQ(*choose_login(offer, call, false), std::optional{SmtpMechanism::plain});
  }
  call.host = "mail.example";
  call.secret = "s";
  offer.logins.push_back("CRAM-MD5");
  EXPECT_EQ(*choose_login(offer, call, false), std::optional{SmtpMechanism::cram_md5}) << "shows no password";
}

TEST(smtp_text, data_ends_once_and_only_at_its_end) {
  EXPECT_EQ(as_smtp_data(""), ".\r\n");
  EXPECT_EQ(as_smtp_data("a"), "a\r\n.\r\n");
  EXPECT_EQ(as_smtp_data("a\n.\nb\r.\r\r\n"), "a\r\n..\r\nb\r\n..\r\n\r\n.\r\n");
}

}  // namespace
}  // namespace watchbill::drivers::net
