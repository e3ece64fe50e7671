// In which spellings a secret may not leave (domain/rollout.md §8.1).
#include "drivers/action/redaction.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace watchbill::drivers::action {
namespace {

TEST(redaction, finds_a_secret_however_it_is_spelled) {
  const std::string secret = "pa\"ss wo/rd+\\x";
  const std::string spellings[] = {
      secret,
      R"(pa\"ss wo/rd+\\x)",             // JSON
      "pa%22ss%20wo%2Frd%2B%5Cx",        // RFC 3986
      "pa%22ss%20wo%2frd%2b%5cx",
      "pa%22ss+wo%2Frd%2B%5Cx",          // a form
      "706122737320776f2f72642b5c78",    // hexadecimal
      "706122737320776F2F72642B5C78",
      to_base64(secret),
  };
  for (const std::string& spelling : spellings) {
    const SafeText safe = safe_text("said " + spelling + ", then", {secret});
    EXPECT_EQ(safe.text, "said [redacted], then") << spelling;
    EXPECT_TRUE(safe.is_redacted) << spelling;
  }
}

TEST(redaction, finds_a_secret_within_the_base64_of_a_longer_text) {
  for (const char* user : {"", "a", "ab", "abc", "abcd"}) {
    const std::string header = to_base64(std::string(user) + ":correct horse battery" + user);
    const SafeText safe = safe_text("Basic " + header, {"correct horse battery"});
    EXPECT_TRUE(safe.is_redacted) << header;
    EXPECT_NE(safe.text.find("[redacted]"), std::string::npos) << safe.text;
    EXPECT_EQ(safe.text.find(header.substr(8, 12)), std::string::npos) << safe.text;
  }
}

TEST(redaction, leaves_alone_what_is_none) {
  const SafeText safe = safe_text("nothing to see, 70617373", {"correct horse battery"});
  EXPECT_EQ(safe.text, "nothing to see, 70617373");
  EXPECT_FALSE(safe.is_redacted);
}

}  // namespace
}  // namespace watchbill::drivers::action
