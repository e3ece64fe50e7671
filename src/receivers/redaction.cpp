#include "receivers/redaction.h"

#include <algorithm>
#include <vector>

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/json.h"
#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

constexpr std::size_t secret_bytes_min = 4;          // a shorter one would take words apart
constexpr std::size_t looked_at_bytes_max = 64U << 10;
constexpr std::string_view hidden = "<secret>";

std::string escaped_for_json(const std::string& text) {
  std::string out;
  JsonWriter(out).string(text);
  return out.substr(1, out.size() - 2);
}

// base64 of a text within a longer one differs by where it begins; whole groups of it are the same.
void add_base64(const std::string& secret, std::vector<std::string>& forms) {
  for (std::size_t before = 0; before < 3; ++before) {
    const std::string all = to_base64(std::string(before, 'x') + secret);
    const std::size_t begin = before == 0 ? 0 : 4, end = (before + secret.size()) / 3 * 4;
    if (end > begin + secret_bytes_min) forms.push_back(all.substr(begin, end - begin));
  }
}

void add_forms(const std::string& secret, std::vector<std::string>& forms) {
  if (secret.size() < secret_bytes_min) return;
  forms.push_back(secret);
  forms.push_back(percent_encoded(secret));
  forms.push_back(escaped_for_json(secret));
  add_base64(secret, forms);
  const std::size_t scheme = secret.find("://");
  const std::size_t path = scheme == std::string::npos ? std::string::npos : secret.find_first_of("/?", scheme + 3);
  if (path != std::string::npos) add_forms(secret.substr(path + 1), forms);
}

}  // namespace

std::string said_by(std::string_view text, const std::map<std::string, std::string>& secrets, std::size_t bytes_max) {
  std::string out(text.substr(0, looked_at_bytes_max));
  std::vector<std::string> forms;
  for (const auto& [name, secret] : secrets) add_forms(secret, forms);
  // Longer ones first: a part that is hidden would hide the whole from being found.
  std::sort(forms.begin(), forms.end(), [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  for (const std::string& form : forms)
    for (std::size_t at = out.find(form); at != std::string::npos; at = out.find(form, at + hidden.size()))
      out.replace(at, form.size(), hidden);
  std::replace_if(out.begin(), out.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, ' ');
  return cut_bytes(std::string(trimmed(out, " ")), bytes_max);
}

}  // namespace watchbill::receivers
