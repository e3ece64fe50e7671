#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/sha256.h"
#include "base/time.h"

namespace watchbill {
namespace {

TEST(duration, reads_what_prometheus_reads) {
  EXPECT_EQ(parse_duration("250ms")->ms, 250);
  EXPECT_EQ(parse_duration("1h30m")->ms, 5'400'000);
  EXPECT_EQ(parse_duration("1w")->ms, 604'800'000);
  EXPECT_EQ(parse_duration("0")->ms, 0);
  EXPECT_EQ(parse_duration("1y2d3h4m5s6ms")->ms, 31'536'000'000 + 2 * 86'400'000LL + 3 * 3'600'000 + 4 * 60'000 + 5'006);
  for (const char* text :
       {"", "5", "5x", "m5", "5m5h", "5s5s", "-5s", "5s ", "1.5s", "99999999999999999999s", "99999999999y", "12abc"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(duration, writes_what_it_reads) {
  for (const char* text : {"0s", "250ms", "1m30s", "1h", "1d", "1w", "10m", "1h30m"})
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  EXPECT_EQ(format_duration(Duration::milliseconds(-1500)), "-1s500ms");
}

TEST(rfc3339, reads_and_writes) {
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z")->ms, 0);
  EXPECT_EQ(format_rfc3339(*parse_rfc3339("2026-03-01T12:00:00.25Z")), "2026-03-01T12:00:00.250Z");
  EXPECT_EQ(parse_rfc3339("2026-03-01T12:00:00+01:30")->ms, parse_rfc3339("2026-03-01T10:30:00Z")->ms);
  for (const char* text : {"", "2026-02-30T00:00:00Z", "2026-03-01T12:00:00", "2026-03-01T24:00:00Z", "2026-03-01T12:00:00.Z",
                           "2026-03-01T12:00:00Zx", "2026-3-1T12:00:00Z"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(base64, is_rfc4648) {
  for (const auto& [plain, encoded] : {std::pair{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
                                       {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(to_base64(plain), encoded);
    EXPECT_EQ(*from_base64(encoded), plain);
  }
  for (const char* text : {"Zg=", "Zg", "Zh==", "Zm9=", "Z===", "Zm9v\n", "Zm=v"}) EXPECT_FALSE(from_base64(text)) << text;
}

TEST(sha256, is_fips_180_4) {
  EXPECT_EQ(sha256("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256().add("a").add("bc").finish(), sha256("abc"));
  Digest digest;
  EXPECT_TRUE(digest.assign_hex(sha256("abc").hex()));
  EXPECT_EQ(digest, sha256("abc"));
  EXPECT_FALSE(digest.assign_hex(std::string(64, 'A')));
  EXPECT_FALSE(digest.assign_hex("ba78"));
}

}  // namespace
}  // namespace watchbill
