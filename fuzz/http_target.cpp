// depends: wb_drivers_net
// Every text form of HTTP that is read by us: targets, queries, forms, URLs, proxies, authorities, origins, Accept-Encoding,
// routing; and compressed bodies. The first byte chooses the form; what was read must say the same when it is written and read
// again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "drivers/net/gzip.h"
#include "drivers/net/message.h"
#include "drivers/net/origin.h"
#include "drivers/net/request_head.h"
#include "drivers/net/router.h"
#include "drivers/net/url.h"
#include "drivers/net/zstd.h"

namespace watchbill::drivers::net {
namespace {

std::string escape(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

void check_parameters(std::string_view text) {
  const auto parameters = parse_parameters(text);
  if (!parameters) return;
  WB_ASSERT(parameters->size() <= parameter_count_max, "the bound holds");
  std::string written;
  for (const auto& [name, value] : *parameters) written += (written.empty() ? "" : "&") + escape(name) + "=" + escape(value);
  WB_ASSERT(parse_parameters(written) == parameters, "parameters survive writing and reading");
}

void check_url(std::string_view text) {
  const auto url = parse_url(text);
  if (!url) return;
  const auto again = parse_url((url->is_tls ? "https://" : "http://") + url->authority() + url->target);
  WB_ASSERT(again.has_value(), "a URL that was read can be written");
  WB_ASSERT(again->host == url->host, "the host survives");
  WB_ASSERT(again->port == url->port, "the port survives");
  WB_ASSERT(again->target == url->target, "the target survives");
  WB_ASSERT(url->target.find_first_of("\r\n ") == std::string::npos, "no target breaks the request line");
  (void)resolve_location(*url, text);
}

void check_proxy(std::string_view text) {
  const auto proxy = parse_proxy(text);
  if (!proxy) return;
  const auto again = parse_proxy("http://" + proxy->name());
  WB_ASSERT(again.has_value(), "a proxy that was read can be written");
  WB_ASSERT(again->name() == proxy->name(), "host and port survive");
  WB_ASSERT(is_field_value(proxy->authorization), "no password breaks the request");
}

const Router& router() {
  static const Router made = [] {
    Router building;
    for (const char* pattern : {"/", "/a/{b}", "/a/{b}/c", "/a/known", "/rest/{all...}"})
      building.add(
          {.method = "GET", .pattern = pattern, .handler = [](ports::HttpRequest, std::unique_ptr<ports::HttpResponder>) {}});
    return building;
  }();
  return made;
}

// Whatever the bytes claim, no more than the bound comes out of them.
void check_body(const Result<std::string>& body, std::size_t bytes_max) {
  WB_ASSERT(!body || body->size() <= bytes_max, "the bound holds");
}

// Lines: method, target, then headers as "name:value".
void check_request(std::string_view text) {
  const auto next_line = [&] {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() == text.size() ? line.size() : line.size() + 1);
    return std::string{line};
  };
  RequestHead head;
  head.request.method = next_line();
  head.request.target = next_line();
  while (!text.empty()) {
    const std::string line = next_line();
    const std::size_t colon = std::min(line.find(':'), line.size());
    head.request.headers.push_back({line.substr(0, colon), line.substr(std::min(colon + 1, line.size()))});
  }
  const std::vector<OwnOrigin> own{{false, "localhost", 80}};
  const auto refused = check_head(head, router(), own);
  WB_ASSERT(refused.has_value() || head.route != nullptr, "what is not refused leads somewhere");
  if (refused) {
    const std::string written = write_head(*refused, HeadRules{});
    WB_ASSERT(written.find("\r\n\r\n") == written.size() - 4, "one head, whatever the request said");
  }
  (void)read_form(head.request);
}

}  // namespace
}  // namespace watchbill::drivers::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace watchbill::drivers::net;
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  switch (data[0]) {
    case 'p': check_parameters(text); break;
    case 'u': check_url(text); break;
    case 'x': check_proxy(text); break;
    case 'r': check_request(text); break;
    case 't': (void)parse_target(text); break;
    case 'a': (void)parse_authority(text); break;
    case 'g': (void)accepts_gzip(text); break;
    case 'z': check_body(unzstd(text, 1U << 20), 1U << 20); break;
    case 'Z': check_body(gunzip(text, 1U << 20), 1U << 20); break;
    case 'n': (void)router().nearest("/" + std::string{text}); break;
    default: break;
  }
  return 0;
}
