#include "drivers/net/request_head.h"

#include <algorithm>
#include <string>
#include <utility>

#include "drivers/net/gzip.h"
#include "drivers/net/message.h"
#include "drivers/net/url.h"

namespace watchbill::drivers::net {
namespace {

using Refused = std::optional<ports::HttpResponse>;

Refused check_host(const RequestHead& head, const Target& target, std::span<const OwnOrigin> own) {
  std::size_t host_count = 0;
  std::string_view host;
  for (const ports::HttpField& field : head.request.headers)
    if (ports::is_equal_ignoring_case(field.name, "host") && ++host_count == 1) host = field.value;
  if (host_count > 1 || (host_count == 0 && !head.is_http_1_0))
    return refuse(Refusal{400, "bad_argument", 2, "a request has exactly one Host header", ""});
  if (!target.authority.empty()) host = target.authority;
  else if (host_count == 0) return std::nullopt;  // HTTP/1.0 without a Host comes from no browser
  const std::optional<OriginRefusal> foreign = check_origin(head.request.method, host, head.request.headers, own);
  if (!foreign) return std::nullopt;
  switch (*foreign) {
    case OriginRefusal::host_not_allowed:
      return refuse(Refusal{403, word(*foreign), 3, "this is not the host " + std::string{host.substr(0, 256)},
                            "call one of the listening addresses, or set external_url"});
    case OriginRefusal::origin_not_allowed:
      return refuse(Refusal{403, word(*foreign), 3, "a page of another origin may not write here", ""});
  }
  return std::nullopt;
}

// What would leave the end of the body in doubt, and the beginning of the next request with it.
Refused check_coding(RequestHead& head) {
  if (const std::string* coding = ports::find_field(head.request.headers, "transfer-encoding")) {
    if (head.is_http_1_0) return refuse(Refusal{400, "bad_argument", 2, "HTTP/1.0 has no Transfer-Encoding", ""});
    if (!ports::is_equal_ignoring_case(*coding, "chunked"))
      return refuse(Refusal{501, "not_yet_supported", 2, "Transfer-Encoding other than chunked", ""});
  }
  const std::string* expect = ports::find_field(head.request.headers, "expect");
  if (expect == nullptr || head.is_http_1_0) return std::nullopt;
  if (!ports::is_equal_ignoring_case(*expect, "100-continue"))
    return refuse(Refusal{417, "bad_argument", 2, "Expect other than 100-continue", ""});
  head.expects_continue = true;
  return std::nullopt;
}

}  // namespace

std::optional<ports::HttpResponse> check_head(RequestHead& head, const Router& router, std::span<const OwnOrigin> own) {
  ports::HttpRequest& request = head.request;
  head.is_head = request.method == "HEAD";
  if (const std::string* accepted = ports::find_field(request.headers, "accept-encoding"))
    head.accepts_gzip = accepts_gzip(*accepted);
  std::optional<Target> target = parse_target(request.target);
  if (!target) return refuse(Refusal{400, "bad_argument", 2, "the request target is malformed", "escape it as RFC 3986 says"});
  if (Refused refused = check_host(head, *target, own)) return refused;
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  Router::Found found = router.find(request.method, request.path);
  if (!found.allow.empty()) return refuse_method(request.method, request.path, found.allow);
  if (found.route == nullptr) return refuse_unknown_path(router, request.path);
  head.route = found.route;
  request.path_parameters = std::move(found.path_parameters);
  if (found.is_head) request.method = "GET";
  return check_coding(head);
}

bool read_form(ports::HttpRequest& request) {
  const std::string* type = ports::find_field(request.headers, "content-type");
  if (type == nullptr) return true;
  std::string_view media = std::string_view{*type}.substr(0, std::min(type->find(';'), type->size()));
  media = media.substr(0, media.find_last_not_of(" \t") + 1);
  if (!ports::is_equal_ignoring_case(media, "application/x-www-form-urlencoded")) return true;
  std::optional<ports::HttpParameters> form = parse_parameters(request.body);
  if (form) request.form = std::move(*form);
  return form.has_value();
}

ports::HttpResponse refuse_body_size(std::string_view path, std::size_t bytes_max) {
  return refuse(Refusal{413, "body_too_large", 2,
                        std::string{path.substr(0, 256)} + " takes at most " + std::to_string(bytes_max) + " bytes", ""});
}

ports::HttpResponse refuse_header_size(std::size_t bytes_max) {
  return refuse(
      Refusal{431, "header_too_large", 2, "request line and headers have more than " + std::to_string(bytes_max) + " bytes", ""});
}

}  // namespace watchbill::drivers::net
