// What is decided once the head of a request has arrived, before its body is read. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "drivers/net/origin.h"
#include "drivers/net/router.h"
#include "ports/http.h"

namespace watchbill::drivers::net {

struct RequestHead {
  // The server fills in method, target, headers and is_http_1_0; check_head() the rest.
  ports::HttpRequest request;
  bool is_http_1_0{false};
  bool is_head{false};           // the body is left out of the answer
  bool accepts_gzip{false};
  bool expects_continue{false};  // the client waits for 100 before it sends its body
  const ports::HttpRoute* route{nullptr};  // not null after check_head() without a refusal
};

// Reads the target, checks Host and Origin against `own`, finds the route, and looks whether the body's coding is known.
// Gives the answer to a request that is refused, in that order, or nothing. HTTP/1.0 may lack a Host.
[[nodiscard]] std::optional<ports::HttpResponse> check_head(RequestHead& head, const Router& router,
                                                            std::span<const OwnOrigin> own);

// Fills in `form` from the body of an application/x-www-form-urlencoded request. False when it is malformed.
[[nodiscard]] bool read_form(ports::HttpRequest& request);

// The answers to what is too large: 413 `body_too_large`, 431 `header_too_large`.
[[nodiscard]] ports::HttpResponse refuse_body_size(std::string_view path, std::size_t bytes_max);
[[nodiscard]] ports::HttpResponse refuse_header_size(std::size_t bytes_max);

}  // namespace watchbill::drivers::net
