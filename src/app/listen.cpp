#include "app/listen.h"

#include <arpa/inet.h>

#include <charconv>

#include "config/texts.h"

namespace watchbill::app {
namespace {

bool is_address(const std::string& address) {
  in6_addr bytes{};
  return ::inet_pton(AF_INET, address.c_str(), &bytes) == 1 || ::inet_pton(AF_INET6, address.c_str(), &bytes) == 1;
}

}  // namespace

Result<drivers::net::HttpListen, ListenProblem> parse_listen(const std::string& text, const ListenSecurity& security) {
  const ListenProblem malformed{"bad_argument", "listen " + text + ": expected ADDRESS:PORT, such as 127.0.0.1:9911"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return malformed;
  drivers::net::HttpListen listen;
  const char* const end = text.data() + text.size();
  const auto [after, failure] = std::from_chars(text.data() + colon + 1, end, listen.port);
  if (failure != std::errc{} || after != end) return malformed;
  listen.address = text.substr(0, colon);
  if (listen.address.size() > 2 && listen.address.front() == '[' && listen.address.back() == ']')
    listen.address = listen.address.substr(1, listen.address.size() - 2);
  if (listen.address == "localhost") listen.address = "127.0.0.1";
  if (!listen.address.empty() && !is_address(listen.address)) return malformed;
  if (config::is_loopback(listen.address)) return listen;
  if (!security.tls || !security.has_tokens)
    return ListenProblem{"listen_not_allowed", "listen " + text +
                                                   ": beyond loopback this needs tls and access.tokens in the bill; "
                                                   "or listen on 127.0.0.1 or ::1"};
  if (listen.address.empty()) listen.address = "0.0.0.0";
  listen.tls = security.tls;
  return listen;
}

std::string url_of(const drivers::net::HttpListen& listen, std::uint16_t port) {
  const bool is_v6 = listen.address.find(':') != std::string::npos;
  return (listen.tls ? "https://" : "http://") + (is_v6 ? "[" + listen.address + "]" : listen.address) + ":" +
         std::to_string(port);
}

}  // namespace watchbill::app
