#include "drivers/net/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "base/json.h"
#include "drivers/net/gzip.h"
#include "drivers/net/url.h"

namespace watchbill::drivers::net {
namespace {

constexpr std::size_t gzip_body_bytes_min = 1U << 10;   // below, headers weigh as much as what is saved
constexpr std::size_t gzip_body_bytes_max = 32U << 20;  // 0.3 s of the answering thread

// Header, and the value it has unless the handler says otherwise.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> security_headers{{
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Cache-Control", "no-store"},
}};

// What the server decides alone.
bool is_server_header(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 5> own{"connection", "content-length", "transfer-encoding", "date", "keep-alive"};
  if (name.size() >= 15 && ports::is_equal_ignoring_case(name.substr(0, 15), "access-control-")) return true;
  return std::any_of(own.begin(), own.end(), [&](std::string_view one) { return ports::is_equal_ignoring_case(name, one); });
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  const std::size_t begin = out.size();
  out.append(value);
  if (!is_field_value(value))
    std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(),
                    [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }, ' ');
  out.append("\r\n");
}

}  // namespace

ports::HttpResponse refuse(const Refusal& refusal) {
  ports::HttpResponse response;
  response.status = refusal.status;
  response.headers.push_back({"Content-Type", "application/json"});
  if (refusal.status == 503) response.headers.push_back({"Retry-After", "1"});
  JsonWriter json{response.body};
  json.begin_object();
  json.key("refused").boolean(true);
  json.key("reason").string(refusal.reason);
  json.key("exit_code").integer(refusal.exit_code);
  json.key("message").string(refusal.message);
  if (!refusal.fix.empty()) json.key("fix").string(refusal.fix);
  json.end_object();
  response.body += '\n';
  return response;
}

std::string write_head(const ports::HttpResponse& response, const HeadRules& rules) {
  std::string head;
  head.reserve(512);
  fmt::format_to(std::back_inserter(head), "HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  append_field(head, "Date", rules.date);
  for (const ports::HttpField& field : response.headers)
    if (is_token(field.name) && !is_server_header(field.name)) append_field(head, field.name, field.value);
  for (const auto& [name, value] : security_headers)
    if (ports::find_field(response.headers, name) == nullptr) append_field(head, name, value);
  switch (rules.framing) {
    case Framing::length:
      if (!is_bodiless(response.status)) append_field(head, "Content-Length", std::to_string(rules.body_bytes));
      break;
    case Framing::chunked: append_field(head, "Transfer-Encoding", "chunked"); break;
    case Framing::until_close: break;
  }
  if (!rules.keep_alive) append_field(head, "Connection", "close");
  else if (rules.is_http_1_0) append_field(head, "Connection", "keep-alive");
  head += "\r\n";
  return head;
}

void compress_body(ports::HttpResponse& response, bool client_accepts_gzip) {
  if (response.body.size() <= gzip_body_bytes_min || response.body.size() >= gzip_body_bytes_max) return;
  if (is_bodiless(response.status) || ports::find_field(response.headers, "content-encoding") != nullptr) return;
  response.headers.push_back({"Vary", "Accept-Encoding"});
  if (!client_accepts_gzip) return;
  std::optional<std::string> packed = gzip(response.body);
  if (!packed || packed->size() >= response.body.size()) return;
  response.body = std::move(*packed);
  response.headers.push_back({"Content-Encoding", "gzip"});
}

std::string_view reason_phrase(std::uint32_t status) noexcept {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "";
  }
}

std::string format_http_date(std::int64_t unix_seconds) {
  constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_seconds time{std::chrono::seconds{unix_seconds}};
  const std::chrono::sys_days day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[std::chrono::weekday{day}.c_encoding()],
                     static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace watchbill::drivers::net
