#include "receivers/sigv4.h"

#include <array>
#include <map>

#include "base/ascii.h"
#include "base/sha256.h"

namespace watchbill::receivers {
namespace {

constexpr std::string_view signing_algorithm = "AWS4-HMAC-SHA256";

std::string_view bytes_of(const Digest& digest) noexcept {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

// HMAC (RFC 2104) with SHA-256.
Digest keyed_sha256(std::string_view key, std::string_view text) noexcept {
  constexpr std::size_t block_bytes = 64;
  const Digest short_key = sha256(key);
  if (key.size() > block_bytes) key = bytes_of(short_key);
  std::array<char, block_bytes> inner, outer;
  for (std::size_t i = 0; i < block_bytes; ++i) {
    const char byte = i < key.size() ? key[i] : '\0';
    inner[i] = static_cast<char>(byte ^ '\x36');
    outer[i] = static_cast<char>(byte ^ '\x5c');
  }
  const Digest digest = Sha256().add({inner.data(), inner.size()}).add(text).finish();
  return Sha256().add({outer.data(), outer.size()}).add(bytes_of(digest)).finish();
}

// Blanks at the ends do not count, and several within count as one.
std::string canonical_value(std::string_view value) {
  std::string out;
  for (const char c : trimmed(value))
    if (c != ' ' || !out.ends_with(' ')) out.push_back(c);
  return out;
}

}  // namespace

std::string amazon_time(Instant instant) {
  const std::string text = format_rfc3339(instant);  // 2015-08-30T12:36:00.000Z
  std::string out;
  for (const char c : text.substr(0, 19))
    if (c != '-' && c != ':') out.push_back(c);
  return out + "Z";
}

std::string signature_v4(const SigningKey& key, const SignedRequest& request, std::string_view time) {
  std::map<std::string, std::string> headers;
  for (const ports::HttpField& field : request.headers) headers[lowered(field.name)] = canonical_value(field.value);
  std::string names, lines;
  for (const auto& [name, value] : headers) {
    names += (names.empty() ? "" : ";") + name;
    lines += name + ":" + value + "\n";
  }
  const std::string canonical = request.method + "\n" + request.path + "\n" + request.query + "\n" + lines + "\n" + names + "\n" +
                                sha256(request.body).hex();
  const std::string day(time.substr(0, 8));
  const std::string scope = day + "/" + key.region + "/" + key.service + "/aws4_request";
  const std::string to_sign =
      std::string(signing_algorithm) + "\n" + std::string(time) + "\n" + scope + "\n" + sha256(canonical).hex();
  Digest signing = keyed_sha256("AWS4" + key.secret_key, day);
  for (const std::string_view part :
       {std::string_view(key.region), std::string_view(key.service), std::string_view("aws4_request")})
    signing = keyed_sha256(bytes_of(signing), part);
  return std::string(signing_algorithm) + " Credential=" + key.access_key + "/" + scope + ", SignedHeaders=" + names +
         ", Signature=" + keyed_sha256(bytes_of(signing), to_sign).hex();
}

}  // namespace watchbill::receivers
