// What far sides say is shown without the secrets that they say back.
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "receivers/redaction.h"

namespace watchbill::receivers {
namespace {

const std::map<std::string, std::string> secrets{{"token", "s3cr/et\"k+y"}, {"url", "https://hooks.example/T0/B0/xyz?key=abcd1"}};

std::string said(std::string_view text) { return said_by(text, secrets, 200); }

TEST(Redaction, ASecretIsHiddenInEachOfItsForms) {
  EXPECT_EQ(said("no s3cr/et\"k+y here"), "no <secret> here");
  EXPECT_EQ(said("q=s3cr%2Fet%22k%2By"), "q=<secret>");
  EXPECT_EQ(said("{\"t\":\"s3cr/et\\\"k+y\"}"), "{\"t\":\"<secret>\"}");
  for (const char* user : {"", "u:", "us:", "user:"}) {
    const std::string encoded = to_base64(user + std::string("s3cr/et\"k+y"));
    EXPECT_NE(said("Basic " + encoded).find("<secret>"), std::string::npos) << encoded;
  }
}

TEST(Redaction, OfAnAddressWhatStandsBehindItsHostIsSecretToo) {
  EXPECT_EQ(said("POST /T0/B0/xyz?key=abcd1: no_team"), "POST /<secret>: no_team");
  EXPECT_EQ(said("hooks.example says no"), "hooks.example says no");
}

TEST(Redaction, WhatIsSaidIsOneShortLine) {
  EXPECT_EQ(said("  a\r\nb\x1b[31m\tc  "), "a  b [31m c");
  EXPECT_EQ(said(std::string(1000, 'a')).size(), 200U);
  EXPECT_EQ(said_by("abc", {{"k", "b"}}, 200), "abc") << "too short to be one";
  EXPECT_EQ(said(""), "");
}

}  // namespace
}  // namespace watchbill::receivers
